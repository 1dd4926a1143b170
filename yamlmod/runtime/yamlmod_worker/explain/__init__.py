"""Trace a network to find what its attention multiplies."""
