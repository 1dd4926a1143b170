"""The engines, which start a study's processes: one file an engine, each with its `ENGINE`."""
