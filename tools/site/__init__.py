"""Build the site: the documentation in two languages, and the playground in the browser."""
