"""The rules, one a file; whatever stands here and has a `RULE` is run."""
