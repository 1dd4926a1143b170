"""Template code as text: cut out of a file, renamed, its signature read."""
