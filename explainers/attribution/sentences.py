"""What a map shows, in one sentence built from its numbers."""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from models.labels import NONE

ROWS = ("upper", "middle", "lower")
COLUMNS = ("left", "centre", "right")
LONGEST = 80


def place_of(heatmap: Float[np.ndarray, "h w"]) -> str:
    """Which ninth of the picture holds most of the map: "upper left", "middle"."""
    rows, columns = (np.arange(3)[:, None] == np.arange(side) * 3 // side for side in heatmap.shape)
    sums = rows.astype(heatmap.dtype) @ heatmap @ columns.T.astype(heatmap.dtype)
    row, column = divmod(int(sums.argmax()), 3)
    if (row, column) == (1, 1):
        return "middle"
    if column == 1:
        return f"{ROWS[row]} middle"
    return COLUMNS[column] + " side" if row == 1 else f"{ROWS[row]} {COLUMNS[column]}"


def half_share(heatmap: Float[np.ndarray, "h w"]) -> float:
    """Smallest share of the picture that holds half of the map."""
    ordered = np.sort(heatmap.ravel())[::-1]
    total = ordered.sum()
    return float(np.searchsorted(ordered.cumsum(), total / 2) + 1) / ordered.size


def share_words(heatmap: Float[np.ndarray, "h w"]) -> str:
    """That share in words: a map whose light stands in a few pixels holds no "0%" of anything."""
    share = half_share(heatmap)
    return "under 1%" if share < 0.01 else f"{share:.0%}"


@dataclass(frozen=True)
class AboutMap:
    """What a map shows, beside its class.

    Attributes:
        against: whether it shows what opposes the class.
        versus: name of the class that the class was set against; empty for none.
        for_class: whether the method asks for a class at all.
    """

    against: bool = False
    versus: str = ""
    for_class: bool = True


def sentence(heatmap: Float[np.ndarray, "h w"], label: str, probability: float, about: AboutMap | None = None) -> str:
    """One plain sentence: where the evidence lies, for or against what, and how sure the model is."""
    about = about or AboutMap()
    name, sure = label.split(",")[0], f"{probability:.0%}" if probability >= 0.01 else "under 1%"
    verb = "opposes" if about.against else "supports"
    if not about.for_class:
        return _classless(heatmap, name, sure)
    if about.versus:
        name = f"{name}* rather than *{about.versus.split(',')[0]}"
    if not heatmap.any():
        return f"Nothing in this picture {verb} *{name}* at this layer (probability {sure})."
    return _placed(heatmap, verb, f"*{name}*", f"probability {sure}")


def asked_sentence(heatmap: Float[np.ndarray, "h w"], wanted: str, measured: str, *, against: bool = False) -> str:
    """As `sentence`, for what is no class: ``wanted`` is what the map supports, ``measured`` how much there is."""
    verb = "opposes" if against else "supports"
    if not heatmap.any():
        return f"Nothing in this picture {verb} {wanted} at this layer ({measured})."
    return _placed(heatmap, verb, wanted, measured)


def _placed(heatmap: np.ndarray, verb: str, thing: str, measured: str) -> str:
    """Where the evidence lies, by name where that helps: "the middle" of a photo tells nobody anything."""
    place, half = place_of(heatmap), share_words(heatmap)
    if place == "middle":
        return f"Half of what {verb} {thing} ({measured}) lies in {half} of the picture."
    return f"The {place} of the picture {verb} {thing} most ({measured}): half of the evidence lies in {half} of it."


def plain(text: str) -> str:
    """A person's own words without what a page would read as markup, at most `LONGEST` characters."""
    words = " ".join(re.sub(r"[^\w\s.,;'’?()&%+/-]", " ", text).replace("_", " ").split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()} ..."


def _classless(heatmap: Float[np.ndarray, "h w"], name: str, sure: str) -> str:
    answers = f"; the model answers *{name}* (probability {sure})." if (name,) != NONE else "."
    if not heatmap.any():
        return f"The map is empty at this layer{answers}"
    return (
        f"Whatever the class, most goes on in the {place_of(heatmap)} of the picture:"
        f" half of the map lies in {share_words(heatmap)} of it{answers}"
    )
