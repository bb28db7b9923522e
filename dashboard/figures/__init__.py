"""Arrays in, Plotly figures out. A function decorated with `draws` draws the results of one type."""

from dashboard.figures.registry import draws, figures_of
from dashboard.figures.style import Look

__all__ = ["Look", "draws", "figures_of"]
