"""Read weight files as data; nothing in a pickle is executed."""
