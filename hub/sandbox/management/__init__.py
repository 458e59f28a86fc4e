"""Django's place for the sandbox's command."""
