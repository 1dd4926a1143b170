"""Plan the changes that install modules in a fork, and remove them."""
