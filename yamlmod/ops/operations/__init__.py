"""The edit operations: a folder each, found by name (`yamlmod/ops/operation.py`)."""
