"""An interpreter of Python's syntax trees: plain values, and Unknown with a reason."""
