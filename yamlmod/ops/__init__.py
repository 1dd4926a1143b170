"""One edit operation per file: pure, from a document to edits and what to tell about them."""
