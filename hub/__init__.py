"""The front door and the cellar: settings, engine, connectors, sandbox."""
