"""Companies and company locations of stores, and which ERP customer each one is."""
