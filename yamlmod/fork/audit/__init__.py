"""Audit a fork: installed modules, and incompatibilities with newer packages."""
