"""Format findings as SARIF 2.1.0 for code scanning services."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(
    findings: Iterable[Mapping[str, Any]], rules: Iterable[Mapping[str, str]], version: str
) -> dict[str, Any]:
    """Return a SARIF log of findings and rules, given as plain data."""
    described = [
        {
            "id": rule["code"],
            "shortDescription": {"text": rule["summary"]},
            "fullDescription": {"text": rule["why"]},
            "help": {"text": f"yamlmod check --explain {rule['code']}"},
            "defaultConfiguration": {"level": rule["severity"]},
        }
        for rule in rules
    ]
    order = {str(rule["id"]): index for index, rule in enumerate(described)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "yamlmod",
                        "version": version,
                        "informationUri": "https://github.com/yamlmod/yamlmod",
                        "rules": described,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, order) for finding in findings],
            }
        ],
    }


def _uri(file: str) -> str:
    """Return a path as a URI: relative ones, which services match with the repository, stay so."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _result(finding: Mapping[str, Any], order: Mapping[str, int]) -> dict[str, Any]:
    help_text = f" ({finding['help']})" if finding["help"] else ""
    return {
        "ruleId": finding["rule"],
        "ruleIndex": order[finding["rule"]],
        "level": finding["severity"],
        "message": {"text": finding["message"] + help_text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding["file"])},
                    "region": {
                        "startLine": finding["line"] or 1,
                        "startColumn": finding["column"] or 1,
                    },
                }
            }
        ],
        "properties": {key: finding[key] for key in ("layer", "actual", "expected")},
    }
