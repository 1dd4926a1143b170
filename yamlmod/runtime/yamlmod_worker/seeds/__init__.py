"""Hash the batches that a training gets for a seed."""
