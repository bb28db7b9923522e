"""What does it imagine? A class, a channel or a neuron, drawn by the network's own gradient."""
