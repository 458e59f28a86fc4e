"""Payments, payouts and fees: the room above orders.

Empty until money movements come; nothing is pretended here.
"""
