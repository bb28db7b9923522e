"""Activation maximisation: what a class, a channel or a neuron looks like to the network."""
