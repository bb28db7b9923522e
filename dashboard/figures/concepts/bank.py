"""Figures of the concept lens: what is exported of a bank, and of one image read in it."""

import plotly.graph_objects as go

from dashboard.figures.concepts.bars import curves, global_bars, local_bars
from dashboard.figures.concepts.crops import imagined, maps, sheet
from dashboard.figures.concepts.graph import graph
from dashboard.figures.registry import draws
from dashboard.figures.style import Look
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.explain import ConceptExplained
from explainers.concepts.imagine import Imagined


@draws(Concepts, lambda result: result.thumbnails[0])
def bank(result: Concepts, look: Look) -> dict[str, go.Figure]:
    """The strategic graph, the concepts' crops, their importance, and fidelity."""
    return {
        "graph": graph(result, look),
        "concepts": sheet(result, look),
        "importance": global_bars(result, look),
        "fidelity": curves(result, look),
    }


@draws(ConceptExplained, lambda result: result.image)
def one_image(result: ConceptExplained, look: Look) -> dict[str, go.Figure]:
    """The maps of one image's concepts, and what each adds."""
    return {"maps": maps(result, look), "contributions": local_bars(result.names, result.importance, look)}


@draws(Imagined, lambda result: result.image)
def imagined_concept(result: Imagined, look: Look) -> dict[str, go.Figure]:
    """The picture made for a concept."""
    return {"imagined": imagined(result, look)}
