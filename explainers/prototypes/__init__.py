"""Prototypes: this looks like that, and why."""
