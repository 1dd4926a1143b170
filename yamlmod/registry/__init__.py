"""Templates as data: manifests, catalogue and lookup."""
