"""Figures of fooling images."""
