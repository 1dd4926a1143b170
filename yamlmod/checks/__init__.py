"""Find mistakes in model YAMLs that build without an error."""
