"""The checks of torch's layers and functions, and their output sizes."""
