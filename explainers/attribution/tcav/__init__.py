"""TCAV: a concept that the visitor brings, as a direction at a layer, and how it moves a class."""
