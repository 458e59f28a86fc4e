"""Quote requests: mirrored, asked about, sent to the ERP as quotes, priced in the store, won or lost."""
