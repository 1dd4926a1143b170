"""Add a detection scale."""
