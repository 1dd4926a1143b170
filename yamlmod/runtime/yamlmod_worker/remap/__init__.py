"""Transfers weights to an edited network."""
