"""The attacks can fail: old faults are planted and must be seen."""
