"""Reads files of weights as data; nothing of a pickle is executed."""
