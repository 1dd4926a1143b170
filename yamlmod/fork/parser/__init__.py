"""Find and read the parse function of a fork."""
