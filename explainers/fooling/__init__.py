"""Fooling: pictures that no person recognises and a network is sure of."""
