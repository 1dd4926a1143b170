"""The rules, one per file; every module here with a `RULE` runs."""
