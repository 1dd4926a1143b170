"""The only room that opens the files of a target."""
