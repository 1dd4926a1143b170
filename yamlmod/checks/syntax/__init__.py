"""Find the cause of a syntax error."""
