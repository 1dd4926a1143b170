"""Build networks with the fork's own code."""
