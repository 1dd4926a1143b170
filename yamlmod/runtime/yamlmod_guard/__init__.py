"""Run between yamlmod and a fork: set up what the kernel offers, and end every process.

Linux and the standard library only. It is run by yamlmod's own interpreter, never by the fork's.
"""
