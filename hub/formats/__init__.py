"""How values are written for people; settings.FORMAT_MODULE_PATH."""
