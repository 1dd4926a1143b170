"""The kinds: one file each, with ``MAKES``, the ways to make a case by name."""
