"""Arrays in, Plotly figures out. A function decorated with `draws` draws the results of one type."""

import pkgutil

from dashboard.figures.registry import draws, figures_of
from dashboard.figures.style import Look

__path__ = pkgutil.extend_path(__path__, __name__)  # figures of lenses that live elsewhere
__all__ = ["Look", "draws", "figures_of"]
