"""Traces a network for what its attention multiplies."""
