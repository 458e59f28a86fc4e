"""The partner API: keys, what all endpoints share, and those of the engine. Domain apps add their own api.py."""
