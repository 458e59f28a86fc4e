"""Orders that a connector before us carried into an ERP: recognised, linked, never sent again."""
