"""How each family of forks trains: one file a family, found by this folder."""
