"""Sweeps of `add-head`, `drop-head --whole` and `graft`, with a judge that shares no code."""
