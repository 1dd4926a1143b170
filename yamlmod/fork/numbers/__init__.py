"""Layer numbers that a fork's code contains outside of its YAMLs."""
