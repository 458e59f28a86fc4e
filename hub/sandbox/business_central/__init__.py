"""A simulated Business Central company: API v2.0 over OData V4, with its token endpoint."""
