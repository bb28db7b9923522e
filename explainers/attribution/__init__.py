"""Where does it look? Grad-CAM and its family."""

from explainers.attribution.methods.table import Method, methods

__all__ = ["Method", "methods"]
