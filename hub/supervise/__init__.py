"""Processes that must neither outlive whoever started them nor fail silently. Plain Python, no Django."""
