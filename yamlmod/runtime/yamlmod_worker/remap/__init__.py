"""Transfer weights to an edited network."""
