"""Figures of the attribution lens."""

from dataclasses import replace

import plotly.graph_objects as go

from dashboard.figures.overlay import Map, Surroundings, over_photo
from dashboard.figures.paint import blend
from dashboard.figures.paper import LINE
from dashboard.figures.registry import draws
from dashboard.figures.style import Look, dress, paper_size
from explainers.attribution.gradcam import GradCam
from explainers.attribution.mistake import Mistake
from explainers.attribution.saliency import PixelMap

OneMap = GradCam | PixelMap | Mistake
SCALE = 52  # pixels below the photo, for the scale


@draws(GradCam, lambda result: blend(result.image, result.heatmap))
@draws(PixelMap, lambda result: blend(result.image, result.heatmap))
def figures(result: OneMap, look: Look) -> dict[str, go.Figure]:
    """The map over the photo, and its signs."""
    named = {"map": overlay(result, look)}
    if look.show != "signed":
        named["signed"] = overlay(result, replace(look, show="signed"))
    return named


def overlay(result: OneMap, look: Look, around: Surroundings | None = None) -> go.Figure:
    """The map over the photo, as heat, contours, signed, or the photo alone; ``around`` is the whole photo."""
    figure = over_photo(result.image, _map(result, look), look, around)
    height, width = around.size if around else result.image.shape[:2]
    spread, size = paper_size(look)
    room = 2 * LINE * size + 32  # pixels on paper, for the scale
    dress(figure, look, title=result.sentence, aspect=(height / width * (spread - 2 * size) + room) / spread)
    if not look.export:  # every view has the same frame, so that nothing moves from one to the other
        return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": SCALE}, autosize=True)
    tall = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    room *= 1.5 if look.width == "slide" else 1  # where evidence below takes of the height
    return figure.update_yaxes(domain=[room / tall, 1], constraintoward="top")


def _map(result: OneMap, look: Look) -> Map | None:
    cell = result.image.shape[0] / result.cam.shape[0]
    if not (result.cam if look.show == "signed" else result.heatmap).any():  # the sentence says so
        return None
    if look.show == "signed":
        what = "the class" if not isinstance(result, GradCam) or result.question == "class" else "it"
        title = f"supports (red) or opposes (blue) {what}"
        return Map(result.cam, "signed", title, cell)
    if look.show == "photo":
        return None
    title = "evidence against it" if result.method == "counterfactual" else "evidence"
    return Map(result.heatmap, look.show, title, cell)


def alt(result: OneMap, look: Look) -> str:
    """What the figure shows, for those who cannot see it."""
    kinds = {
        "heat": "Heat map over",
        "contours": "Contour lines over",
        "signed": "Signed map over",
        "photo": "No map over",
    }
    return f"{kinds[look.show]} the photo. {result.sentence.replace('*', '')}"
