"""How far to trust prototypes."""
