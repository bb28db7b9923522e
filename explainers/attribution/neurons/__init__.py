"""Neurons that matter, named."""
