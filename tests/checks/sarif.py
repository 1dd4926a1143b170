"""Validate what `yamlmod check --format sarif` writes against the official schema.

    pip install jsonschema
    python -m tests.checks.sarif SCHEMA PATH...

SCHEMA is `sarif-2.1/schema/sarif-schema-2.1.0.json` of github.com/oasis-tcs/sarif-spec; PATH are
model YAMLs or folders of them. The suite itself validates with sarif-pydantic's models.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command on the paths, and print what the schema objects to."""
    import jsonschema

    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("schema", type=Path)
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    command = [sys.executable, "-m", "yamlmod", "check", *options.paths, "--format", "sarif"]
    done = subprocess.run(command, capture_output=True, check=False)
    log = json.loads(done.stdout)
    schema = json.loads(options.schema.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    errors = list(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(log))
    for error in errors[:20]:
        sys.stdout.write(f"{error.json_path}: {error.message[:200]}\n")
    results = log["runs"][0]["results"]
    sys.stdout.write(f"{len(results)} results, {len(errors)} objections of the schema\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
