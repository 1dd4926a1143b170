"""Find `from` references with another target than in the model that a file is derived from."""
