"""The studies of docs/evidence.md: what they need, their runs, and the page."""
