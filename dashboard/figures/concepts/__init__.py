"""Figures of the concept lens."""
