"""What can go wrong, said once.

::

    SeewhyError            one sentence for a person, with the remedy
    ├── InputError         what was asked for cannot be (bad file, class, layer, parameter)
    ├── NotReadyError      a model or data set is not on this machine, and how to get it
    ├── UnfitError         the method does not fit this model, and which one does
    └── StorageError       the disk is full or may not be written
"""


class SeewhyError(Exception):
    """An error whose text is one clear sentence for a person, with the remedy."""


class InputError(SeewhyError, ValueError):
    """What was asked for cannot be: the text says what was expected and what came."""


class NotReadyError(SeewhyError):
    """Something is not on this machine: the text says what, and how to get it."""


class UnfitError(SeewhyError):
    """The method does not fit the model: the text names what does."""


class StorageError(SeewhyError):
    """The cache folder cannot take what it is given: the text says why and what to do."""
