"""Orders that partners take (EDI, CRM, portals), on their way into a store."""
