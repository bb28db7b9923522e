"""Bounding-box evaluation of a method."""
