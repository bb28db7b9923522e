"""Two groups of images compared."""
