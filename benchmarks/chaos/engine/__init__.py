"""A Django database engine: the configured one, with every commit counted."""
