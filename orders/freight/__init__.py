"""Freight at the checkout where the ERP owns shipping: asked, quoted, remembered, and found again in the order."""
