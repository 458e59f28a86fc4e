"""Shopify, spoken to by its Admin GraphQL API."""
