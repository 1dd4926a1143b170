"""Move a layer."""
