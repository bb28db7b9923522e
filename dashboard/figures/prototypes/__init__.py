"""Figures of prototypes."""
