"""The families of forks, each with its way to train: one file a family, found by this folder."""
