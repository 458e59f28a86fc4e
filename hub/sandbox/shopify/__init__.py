"""A simulated Shopify store: Admin GraphQL 2026-07 in part, webhooks, limits and scopes."""
