"""Items and, later, stock: which ERP item a store's SKU is."""
