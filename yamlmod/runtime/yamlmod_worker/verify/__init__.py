"""Build a network and check what breaks when it trains, runs or ships."""
