"""Draw a network, and the difference of two, in one geometry for every format."""
