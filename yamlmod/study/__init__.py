"""Studies: planned as files, run by the fork's own code, and reported with what can be said."""
