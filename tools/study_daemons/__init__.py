"""Attack studies on real daemons; see `__main__`."""
