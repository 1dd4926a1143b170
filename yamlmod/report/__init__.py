"""From data to text: diffs and tables; the only user of rich."""
