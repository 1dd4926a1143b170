"""Remove layers."""
