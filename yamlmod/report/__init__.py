"""Format data as text: diffs and tables; the only user of rich."""
