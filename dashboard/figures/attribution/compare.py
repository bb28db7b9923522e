"""Figures of maps laid side by side: a sheet of them, and how far they agree."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paint import blend, blend_signed
from dashboard.figures.pairs import agreement_map
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.attribution.compare import SideBySide
from explainers.attribution.saliency import drawn


@draws(SideBySide, lambda result: result.image)
def figures(result: SideBySide, look: Look) -> dict[str, go.Figure]:
    """What is exported: all maps on one sheet, and their agreement."""
    shown = [picture(result.image, values, look) for values in result.maps]
    named = {"sheet": sheet(list(zip(result.titles, shown, strict=True)), look, result.sentence)}
    if len(result.names) > 1:
        named["agreement"] = agreement_map(result, look)
    return named


def picture(image: np.ndarray, values: np.ndarray, look: Look) -> np.ndarray:
    """A signed map (H, W) over its photo as an image (H, W, 3), as the view's controls ask."""
    if look.show == "photo":
        return image
    if look.show == "signed":
        return blend_signed(image, values, look.opacity)
    return blend(image, drawn(values), look.opacity)
