"""Orders that an ERP took by itself, on their way into a store."""
