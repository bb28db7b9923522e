"""Numerics that the lenses share; registers nothing."""
