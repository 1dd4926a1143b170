"""The parse function of a fork: found, recognised by its family, and read."""
