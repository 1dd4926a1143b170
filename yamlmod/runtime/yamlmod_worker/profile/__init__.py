"""Measure parameters, FLOPs, memory and latency."""
