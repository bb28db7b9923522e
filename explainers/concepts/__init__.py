"""Concepts: what a class is made of for a network, and which mixtures of concepts its images are decided by."""
