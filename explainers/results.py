"""What lenses find: results of plain values and arrays, and scores that say how far to trust them."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Standing = Literal["supported", "mixed", "not proven", "misleading", "not measured"]
Word = Literal["better than", "no better than", "worse than", "not measured", "no control"]
MARGIN = 0.02  # of the scale; scores of one picture differ by less when only the seed of the controls changes


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a lens found: NumPy arrays and plain values in a frozen dataclass. No figures, no tensors."""

    @property
    def sentence(self) -> str:
        """What it shows, in one plain sentence built from its numbers; asterisks set names off."""
        return ""

    @property
    def plain(self) -> str:
        """The sentence without asterisks, for a terminal, a file or an alt text."""
        return self.sentence.replace("*", "")

    @property
    def subject(self) -> str:
        """What it is about, usually the class: in lists and file names."""
        return ""

    @property
    def where(self) -> str:
        """The layer it was read from, if any: under figures."""
        return ""


@dataclass(frozen=True, kw_only=True)
class AboutClass(Result):
    """A result about one class.

    Attributes:
        label: name of the class.
    """

    label: str

    @property
    def subject(self) -> str:
        """The class."""
        return self.label


@dataclass(frozen=True, kw_only=True)
class AtLayer(Result):
    """A result that was read from a layer.

    Attributes:
        layer: its name; several with commas between where their maps are fused.
    """

    layer: str

    @property
    def where(self) -> str:
        """The layer."""
        return self.layer


@dataclass(frozen=True, kw_only=True)
class Score:
    """One measure of how far to trust a picture.

    Attributes:
        name: key in files, ``deletion``.
        title: what a person calls it.
        value: the score; NaN when it cannot be had, and then ``reading`` says why.
        of: what the value is of, the name of its bar: "this map", "these concepts".
        baselines: the same score of things that know nothing, ``{"random map": 0.4}``.
        references: names of baselines that are no opponents: the ideal, or the same thing under other conditions.
        worst, best: the ends of the scale.
        interval: 95% interval of the value or of its baseline's spread; empty when there is none.
        reading: one plain sentence.
        curves: name -> values (n,) over 0 to 1, for those who ask why.
        axes: what the curves' x and y are.
    """

    name: str
    title: str
    value: float
    reading: str
    of: str = "this map"
    baselines: dict[str, float] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    worst: float = 0.0
    best: float = 1.0
    interval: tuple[float, ...] = ()
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    axes: tuple[str, ...] = ()

    def share(self, value: float) -> float:
        """Where a value lies between the worst, 0, and the best, 1."""
        return (value - self.worst) / (self.best - self.worst) if self.best != self.worst else 0.0

    @property
    def verdict(self) -> "Verdict":
        """The value against the strongest thing that knows nothing; a difference within the interval is none."""
        opponents = {
            name: at for name, at in self.baselines.items() if name not in self.references and math.isfinite(at)
        }
        if not math.isfinite(self.value):
            return Verdict("not measured")
        if not opponents:
            return Verdict("no control")
        strongest = max(opponents, key=lambda name: self.share(opponents[name]))
        lead = self.share(self.value) - self.share(opponents[strongest])
        if abs(lead) <= self._margin():
            return Verdict("no better than", strongest)
        return Verdict("better than" if lead > 0 else "worse than", strongest)

    def _margin(self) -> float:
        if len(self.interval) != 2 or not all(map(math.isfinite, self.interval)):
            return MARGIN
        return max(MARGIN, abs(self.share(self.interval[1]) - self.share(self.interval[0])) / 2)


@dataclass(frozen=True)
class Verdict:
    """What a score comes to.

    Attributes:
        word: how it stands to what knows nothing.
        opponent: the strongest of those; empty where there is none.
    """

    word: Word
    opponent: str = ""

    def __str__(self) -> str:
        return f"{self.word} {self.opponent}".strip()


@dataclass(frozen=True, kw_only=True)
class Evidence(Result):
    """How far to trust a result: scores, each beside baselines that know nothing."""

    scores: tuple[Score, ...]

    @property
    def rated(self) -> tuple[Score, ...]:
        """The scores that could be measured and have an opponent."""
        return tuple(score for score in self.scores if score.verdict.opponent)

    @property
    def standing(self) -> Standing:
        """The whole in a word: all tests won, at least half of them, fewer, or fewer and one lost."""
        words = [score.verdict.word for score in self.rated]
        won = words.count("better than")
        if not words:
            return "not measured"
        if won == len(words):
            return "supported"
        if 2 * won >= len(words):
            return "mixed"
        return "misleading" if "worse than" in words else "not proven"

    @property
    def sentence(self) -> str:
        """The whole in a sentence; the weakest test is named with what did as well."""
        rated = self.rated
        if not rated:
            return "Nothing here has a control to be compared with."
        better = [score for score in rated if score.verdict.word == "better than"]
        if len(better) == len(rated):
            return (
                "Better than every control in this test."
                if len(rated) == 1
                else f"Better than every control in all {len(rated)} tests."
            )
        lost = next((score for score in rated if score.verdict.word == "worse than"), None)
        weakest = lost or next(score for score in rated if score.verdict.word == "no better than")
        return f"Better than every control in {len(better)} of {len(rated)} tests. {weakest.title}: {weakest.verdict}."
