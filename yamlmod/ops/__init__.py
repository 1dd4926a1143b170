"""Edit operations on a document, and what they report."""
