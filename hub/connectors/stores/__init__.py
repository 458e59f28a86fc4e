"""One folder a store platform."""
