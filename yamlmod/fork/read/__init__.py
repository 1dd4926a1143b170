"""Interpret a fork's own code on a model YAML, without importing or running it."""
