"""Measures parameters, FLOPs, memory and latency."""
