"""Generators: networks that draw a picture from a classifier's features, the priors of Plug & Play Generative Networks.

`nets` is what is trained, `encoder` reads features off the classifier, `train` does it, `file` is how it lies on disk.
"""
