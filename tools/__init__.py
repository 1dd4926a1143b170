"""Commands for those who work on yamlmod: attacks, sweeps, generators. None is installed."""
