"""Runs between yamlmod and a fork: sets up what the kernel offers, and ends everything.

Linux and the standard library only. It is run by yamlmod's own interpreter, never by the fork's.
"""
