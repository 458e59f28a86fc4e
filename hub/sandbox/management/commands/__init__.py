"""The sandbox's command."""
