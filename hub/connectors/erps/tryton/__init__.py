"""Tryton 8.2 over its JSON-RPC interface: sales, their confirmation, parties."""
