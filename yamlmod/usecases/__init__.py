"""Use cases: what a command does, with typed results and without printing."""
