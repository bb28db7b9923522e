"""What an examination of a network gave."""

from dataclasses import dataclass
from typing import Literal

from models.errors import InputError
from models.layers import Layer

Answers = Literal["logits", "log-probabilities", "probabilities", "yes-no probabilities"]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was measured of a network by running it.

    Attributes:
        layers: maps over the image, each with the order of its cells confirmed, the default one marked.
        answers: what its answer is made of.
        count: how many numbers it answers with.
        whole: layers that no way leads around, by the graph of one pass: the network can be cut in two there.
        dead: layers whose map the answer does not depend on.
        refused: layers shaped like a map whose cells do not follow the picture's (attention matrices).
        repeated: layers that run more than once, and so have no one map.
        why: a sentence on the default layer where it is not the last map; empty for most networks.
        sloped: whether a gradient leads from the answer back to the picture.
        finite: whether all answers are finite.
        repeatable: whether the same picture is answered alike twice.
        alone: whether a picture is answered alike whatever else is in the batch.
        scripted: whether it is a TorchScript program, which hides its layers.
    """

    layers: tuple[Layer, ...]
    answers: Answers
    count: int
    whole: frozenset[str] = frozenset()
    dead: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    why: str = ""
    sloped: bool = True
    finite: bool = True
    repeatable: bool = True
    alone: bool = True
    scripted: bool = False

    def check(self, name: str) -> "Findings":
        """These findings, where the network can be explained.

        Raises:
            InputError: it cannot; the text says why and what mends it.
        """
        if not self.finite:
            raise InputError(
                f"{name} answers with numbers that are not finite (NaN or infinity): check its weights, and the mean"
                " and std of its input."
            )
        if not self.repeatable:
            raise InputError(
                f"{name} answers the same picture differently each time, as dropout does that is left on; use"
                " nn.Dropout, or F.dropout(x, training=self.training)."
            )
        if not self.alone:
            raise InputError(
                f"{name} answers a picture differently beside other pictures, as batch norm without running statistics"
                " does; use BatchNorm2d(track_running_stats=True)."
            )
        return self

    @property
    def sentence(self) -> str:
        """What matters, in one line."""
        place = next((f"looked at in '{layer.name}'" for layer in self.layers if layer.default), "no layer to look at")
        answer = "one logit" if self.count == 1 and self.answers == "logits" else f"{self.count} {self.answers}"
        logarithm = " (their logarithm is explained)" if self.answers == "probabilities" else ""
        odds = " (their log odds are explained)" if self.answers == "yes-no probabilities" else ""
        return f"Answers with {answer}{logarithm}{odds}; {len(self.layers)} maps over the image, {place}."

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is out of the ordinary and changes what is explained, or what can be; nothing for most networks."""
        said = {
            "Answers are probabilities: their logarithm is explained.": self.answers == "probabilities",
            "Answers are yes-or-no probabilities: their log odds are explained.": self.answers
            == "yes-no probabilities",
            "One logit: evidence for it and against it is shown as two classes.": self.count == 1
            and self.answers == "logits",
            "A TorchScript program hides its layers: methods of pixels only.": self.scripted and not self.layers,
            "No layer is a map over the picture: methods of pixels only.": not self.layers and not self.scripted,
            "No gradient leads back to the picture: methods that cover parts of it only.": not self.sloped,
        }
        return tuple(words for words, true in (said | {self.why: bool(self.why)}).items() if true)
