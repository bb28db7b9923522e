"""DeepLIFT: differences from a reference, carried through every operation of a network by its own rule."""
