"""Shipments of an ERP on their way into a store: mirrored, matched with lines, laid out over fulfilment orders."""
