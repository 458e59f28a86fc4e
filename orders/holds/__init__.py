"""Orders that wait for a person or for their payment: rules that admins edit, decisions, and what a person changed."""
