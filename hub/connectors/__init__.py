"""How each far system is spoken to. Plain Python: no Django here, and no connector knows another."""
