"""Find sigmoids in an exported or traced graph, and tell activations from gates."""
