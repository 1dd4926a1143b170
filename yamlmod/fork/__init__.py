"""A target repository: dialect, install, uninstall."""
