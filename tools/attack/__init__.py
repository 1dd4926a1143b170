"""Attacks on yamlmod, kept as commands: `python -m tools.attack NAME`. See docs/attacks.md."""
