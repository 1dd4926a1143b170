"""Drop a detection scale."""
