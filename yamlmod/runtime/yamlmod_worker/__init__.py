"""Run in the fork's own interpreter: stdlib and torch only, Python 3.8 and torch 1.8 or newer.

Nothing here imports yamlmod: the folder is started as a script and knows itself by relative names.
"""
