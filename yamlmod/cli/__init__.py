"""The command line: the only room that knows typer, and the one that knows all others."""
