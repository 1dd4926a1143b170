"""A target repository: dialect, install, uninstall; the only user of libcst."""
