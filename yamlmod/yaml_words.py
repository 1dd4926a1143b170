"""Words that a YAML reader takes for something else than a string."""

from __future__ import annotations

TRUE_WORDS = ("yes", "on", "true")
FALSE_WORDS = ("no", "off", "false")
# In YAML 1.1 or 1.2, in lower case.
YAML_WORDS = frozenset({*TRUE_WORDS, *FALSE_WORDS, "y", "n", "null"})
# And `None`, which is a string to YAML and Python's None to a fork, which evaluates strings.
RESERVED_WORDS = YAML_WORDS | {"none"}
