"""What comes back: refunds and returns of a store, and credits of an ERP that become refunds."""
