"""`python -m yamlmod` and the `yamlmod` command."""

from __future__ import annotations

from yamlmod.cli.app import app
from yamlmod.cli.console import prepare


def main() -> None:
    """Run the command line."""
    prepare()
    app(prog_name="yamlmod")


if __name__ == "__main__":
    main()
