"""Builds a network and checks what breaks when it trains, runs or ships."""
