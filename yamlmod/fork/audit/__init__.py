"""What is installed in a fork, and what in it fails with newer packages."""
