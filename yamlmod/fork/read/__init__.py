"""What a fork's own code makes of a model YAML: interpreted, never imported or run."""
