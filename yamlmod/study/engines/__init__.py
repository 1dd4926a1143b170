"""Where a study's processes run: one file an engine."""
