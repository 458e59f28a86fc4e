"""A real server with scripted faults before it: what it holds and answers is its own."""
