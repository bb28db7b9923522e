"""Figures of the attribution lens."""
