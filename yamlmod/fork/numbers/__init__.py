"""Layer numbers that a fork's code holds outside of its YAMLs."""
