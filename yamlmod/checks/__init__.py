"""Rules that find the mistakes in model YAMLs which build without an error."""
