"""Facets of a class: what was drawn of each, beside the pictures that are nearest to it."""

import numpy as np
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.activation.pictures import facet_titles
from dashboard.figures.raster import in_a_row, large
from dashboard.widgets.form.images import strange
from dashboard.widgets.study import Begin, Study
from explainers.activation.facets import Facets, FacetsParams, activation_facets
from models import ModelCard
from models.generators import file

SHOWN = 4


def draw(answer: Answer[Facets], _look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    for title, images, photos in zip(facet_titles(result), result.images, result.photos, strict=True):
        st.markdown(f"**{title}**")
        left, right = st.columns(2)
        _row(left, images[:SHOWN], "drawn")
        _row(right, photos[:SHOWN], "the nearest pictures")
    st.markdown("**Begun with codes by lot**")
    _row(st.columns(2)[0], result.control[:SHOWN], "the control: it knows the class, and no facet")


def _row(place: st.delta_generator.DeltaGenerator, pictures: np.ndarray, words: str) -> None:
    row = in_a_row(large(pictures))
    place.image(row, caption=words, width="stretch", alt=words, output_format="PNG")


def _lacks(card: ModelCard, params: FacetsParams) -> str:
    if not params.generator and file.default_path(card.name, card.digest) is None:
        return (
            f"There is no generator for {card.title}: train one under *Train a generator*, or choose the Fashion-MNIST"
            " LeNet above."
        )
    return strange(card, params.images)


STUDY = Study(
    lens=activation_facets,
    title="Facets",
    name="facets",
    order=4,
    opening={"model": "menagerie_cnn", "target": "4"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Take the class apart",
        words="Looks through the images for those that the network calls by the class's name, clusters their codes, and"
        " draws pictures that begin with each cluster: seconds for a small network. It wants images that the network"
        " knows, and a generator.",
        lacks=_lacks,
    ),
    reading=(
        "Each row is a kind of thing that the network calls by one name; on the right are real pictures of it.",
        "Facets count where pictures stay with the cluster that they began with, and differ more than controls do.",
        "K-means finds as many facets as were asked for, whether there are so many or not.",
    ),
)
