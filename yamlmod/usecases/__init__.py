"""What a command does: typed results, no printing; the command line and the Python API share it."""
