"""Replace a layer."""
