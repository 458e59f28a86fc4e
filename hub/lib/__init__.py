"""Pure, small, Django-free building blocks that every room may use."""
