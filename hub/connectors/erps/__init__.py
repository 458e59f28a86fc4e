"""One folder an ERP."""
