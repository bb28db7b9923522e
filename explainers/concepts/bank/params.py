"""What can be chosen of a bank of concepts, shared by the explainers of this lens."""

from dataclasses import dataclass
from typing import Literal

from explainers.params import Params, knob
from models.imagesets.imageset import stamp


@dataclass(frozen=True, kw_only=True)
class BankParams(Params):
    """How concepts are learnt, and from which images."""

    images: str = knob(
        "menagerie", help="Where the images come from: menagerie, menagerie_biased, or a folder.", label="Images"
    )
    k: int | None = knob(
        10,
        1,
        50,
        "How many concepts to learn; chosen by stability and reconstruction when left open.",
        label="Concepts",
    )
    limit: int = knob(300, 2, 2000, "At most so many images of the class.", label="Images of the class")
    method: Literal[
        "nmf", "sparse_nmf", "semi_nmf", "convex_nmf", "kmeans", "pca", "svd", "ica", "rica", "topk_sae"
    ] = knob("nmf", help="How concepts are learnt; NMF becomes semi-NMF where activations are negative.", more=True)
    importance: Literal[
        "auto", "closed", "gradient", "gradient_input", "integrated", "smoothgrad", "vargrad", "tcav", "occlusion",
        "shapley", "rise", "sobol", "hsic",
    ] = knob(
        "auto", help="How much a concept counts; auto is exact behind a linear head and Sobol elsewhere.", more=True
    )  # fmt: skip
    layer: str | None = knob(
        None, help="Where in the network to look; the last whole cut before pooling when left open.", more=True
    )
    crops: bool = knob(False, help="Learn from pooled crops, as CRAFT does, and not from every cell.", more=True)
    pool: int = knob(
        3000, 2, 100_000, "At most so many images are looked at to find those of the class.", more=True,
        label="Images looked at",
    )  # fmt: skip

    def stamp(self) -> str:
        """The content of the folder."""
        return stamp(self.images)


@dataclass(frozen=True, kw_only=True)
class ConceptsParams(BankParams):
    """The bank of one class."""

    cls: int = knob(0, 0, None, "The class; its images are those that the model predicts as it.", label="Class")


def bank_of(params: BankParams, cls: int) -> ConceptsParams:
    """The same choices for the bank of a class."""
    return ConceptsParams(cls=cls, **{name: getattr(params, name) for name in BankParams.__dataclass_fields__})
