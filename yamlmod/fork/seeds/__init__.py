"""Read whether the seed of a training reaches its batches, and plan what makes it so."""
