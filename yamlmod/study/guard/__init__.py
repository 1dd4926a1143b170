"""The guard of one training, a program of its own: standard library, Python 3.8."""
