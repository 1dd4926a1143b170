"""What a fork's own code makes of a model YAML: interpreted on syntax trees, never imported or run."""
