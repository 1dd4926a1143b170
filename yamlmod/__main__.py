"""`python -m yamlmod` and the `yamlmod` command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line."""
    try:
        # A short process drops little: looking for circles would cost a tenth of its time.
        gc.set_threshold(50_000, 20, 50)
        # Imported here, so that an interrupt at any moment ends as one.
        from yamlmod.cli.app import app
        from yamlmod.cli.console import prepare

        prepare()
        app(prog_name="yamlmod")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:  # a full or closed stdout under --help and the like
        from yamlmod.cli.console import silence_stdout

        silence_stdout()
        sys.exit(0 if isinstance(error, BrokenPipeError) else 2)
    finally:
        # Nor at the end: to go once more through two syntax trees would cost a sixth.
        gc.freeze()


if __name__ == "__main__":
    main()
