"""Process template code as text: extract, rename, read signatures."""
