"""Run by the fork's own interpreter: stdlib and torch alone, Python 3.8 and torch 1.8 upward.

Nothing here imports yamlmod: the folder is started as a script and knows itself by relative names.
"""
