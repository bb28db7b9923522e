"""Figures of the attribution lens."""

from dataclasses import replace

import plotly.graph_objects as go

from dashboard.figures.overlay import contours, heat, over_photo, signed
from dashboard.figures.registry import draws
from dashboard.figures.style import Look, dress
from explainers.attribution.gradcam import GradCam
from explainers.attribution.mistake import Mistake
from explainers.attribution.saliency import PixelMap

OneMap = GradCam | PixelMap | Mistake


@draws(GradCam, PixelMap)
def figures(result: OneMap, look: Look) -> dict[str, go.Figure]:
    """The map over the photo, and its signs."""
    named = {"map": overlay(result, look)}
    if look.show != "signed":
        named["signed"] = overlay(result, replace(look, show="signed"))
    return named


def overlay(result: OneMap, look: Look) -> go.Figure:
    """The map over the photo, as heat, contours, signed cells, or the photo alone."""
    figure = over_photo(result.image, _trace(result, look), look)
    height, width = result.image.shape[:2]
    return dress(figure, look, title=result.sentence, aspect=0.86 * height / width)


def _trace(result: OneMap, look: Look) -> go.Heatmap | go.Contour | None:
    if look.show == "signed":
        what = "the class" if getattr(result, "question", "class") == "class" else "it"
        title = f"speaks {'against' if result.method == 'counterfactual' else 'for'} {what}"
        return signed(result.cam, result.image.shape[:2], look, title)
    if look.show == "photo" or not result.heatmap.any():  # the sentence says that there is nothing to draw
        return None
    return contours(result.heatmap, look) if look.show == "contours" else heat(result.heatmap, look)


def alt(result: OneMap, look: Look) -> str:
    """What the figure shows, for those who cannot see it."""
    kinds = {
        "heat": "Heat map over",
        "contours": "Contour lines over",
        "signed": "Signed map over",
        "photo": "No map over",
    }
    return f"{kinds[look.show]} the photo. {result.sentence.replace('*', '')}"
