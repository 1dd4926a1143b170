"""The page around the figures of an HTML file: its style, its script and its table."""
