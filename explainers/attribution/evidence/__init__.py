"""How far to trust a map."""
