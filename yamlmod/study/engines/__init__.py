"""The engines, which start a study's processes: one file an engine."""
