"""Sigmoids and what they multiply: activations told from gates, in any exported or traced graph."""
