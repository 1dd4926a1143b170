"""Insert layers."""
