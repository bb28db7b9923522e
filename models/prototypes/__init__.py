"""Prototype classifiers: a class is recognised because patches of the picture look like patches seen in training.

`network` is the classifier; `file` is how it lies on disk, with a thumbnail of every prototype, a model like any other.
How one is learnt is in `explainers.prototypes.learn`.
"""
