"""How a prototype classifier is learnt: features, prototypes among training patches, weights to the classes."""
