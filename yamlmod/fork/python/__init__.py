"""The Python files of a fork as text: parsed files, bindings and imports."""
