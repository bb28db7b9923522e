"""What can be chosen of a bank of concepts, shared by the explainers of this lens."""

from dataclasses import dataclass

from explainers.kinds import Choice, Class, Images, LayerName
from explainers.kit import dictionaries, importance
from explainers.params import Params, knob

AUTO = {"auto": "automatic", "closed": "closed form"}
ROWS = {"auto": "automatic", "images": "the mean of each image", "cells": "every place"}


@dataclass(frozen=True, kw_only=True)
class BankParams(Params):
    """How concepts are learnt, and from which images."""

    images: str = knob(
        "menagerie",
        kind=Images(),
        help="Where the images come from: menagerie, menagerie_biased, or a folder.",
        label="Images",
    )
    k: int | None = knob(
        3, 1, 50, "How many concepts to learn", auto="chosen by stability and reconstruction", label="Concepts"
    )
    limit: int = knob(300, 2, 2000, "At most so many images of the class.", label="Images of the class")
    method: str = knob(
        "nmf",
        kind=Choice(of=dictionaries.METHODS),
        help="How concepts are learnt; NMF becomes semi-NMF where activations are negative.",
        more=True,
    )
    importance: str = knob(
        "auto",
        kind=Choice(of=AUTO | importance.METHODS),
        help="How much a concept counts; auto is exact behind a linear head and Sobol elsewhere.",
        more=True,
    )
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last whole cut before pooling", help="Where in the network to look", more=True
    )
    rows: str = knob(
        "auto",
        kind=Choice(of=ROWS),
        help="What concepts are learnt from; auto takes the means that a linear head sees, where images suffice.",
        label="Learn from",
        more=True,
    )
    crops: bool = knob(False, help="Learn from pooled crops, as CRAFT does, and not from whole images.", more=True)
    pool: int = knob(
        3000,
        2,
        100_000,
        "At most so many images are looked at to find those of the class.",
        more=True,
        label="Images looked at",
    )


@dataclass(frozen=True, kw_only=True)
class ConceptsParams(BankParams):
    """The bank of one class."""

    cls: int = knob(
        0, kind=Class(), help="The class; its images are those that the model predicts as it.", label="Class"
    )


def bank_of(params: BankParams, cls: int) -> ConceptsParams:
    """The same choices for the bank of a class."""
    return ConceptsParams(cls=cls, **{name: getattr(params, name) for name in BankParams.__dataclass_fields__})
