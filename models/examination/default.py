"""Which layer is looked at where none is chosen: the last map that all goes through which the answer knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.layers import Layer

READERS = 3  # blocks of class attention that timm's networks end with, and a norm
MOST = 0.5  # of what a picture changes in the answer; a layer through which less goes shows the smaller part


@dataclass(frozen=True)
class Choice:
    """A layer by its name, empty where there is none; and why it is this one, in a sentence, where that is unusual."""

    name: str
    why: str = ""


@dataclass(frozen=True)
class Measured:
    """What was measured of a network's layers.

    Attributes:
        layers: maps over the image, in the order they finish.
        dead: those that the answer does not depend on.
        whole: outputs that no way leads around.
        mixed: those whose cells do not follow the picture's any more.
        carried: measures how much of what a picture changes in the answer goes through a layer; costs a forward pass.
        named: by the network itself, where it is more than a classifier: of two towers, or with prototypes.
    """

    layers: Sequence[Layer]
    dead: frozenset[str]
    whole: frozenset[str]
    mixed: frozenset[str]
    carried: Callable[[Layer], float]
    named: str = ""

    @property
    def live(self) -> list[Layer]:
        """Those that the answer depends on."""
        return [layer for layer in self.layers if layer.name not in self.dead]

    def choose(self) -> Choice:
        """The layer that is looked at by default.

        The last whole cut. Where a class token goes along with the patches from the beginning there is none but the
        stem: then it is the last layer whose map the answer depends on; behind it come dead layers as wide as the
        trunk, and it is the last live one of that width, rather than the three times wider projection inside the last
        attention. Where so much is mixed there that the cells do not follow the picture's any more, or where most of
        the answer goes around it, it is the last whole cut in which they still do.
        """
        live = self.live
        if not live:
            return Choice(self.layers[-1].name if self.layers else "")
        if self.named in [layer.name for layer in live]:
            return Choice(self.named)
        last = self._last(live)
        clear = [layer.name for layer in live if layer.name in self.whole - self.mixed]
        if last.name in self.mixed:
            return self._unmixed(last.name, clear)
        if last.name in self.whole or last.prefix:
            return Choice(last.name)
        return self._gathered(last, clear)

    def _last(self, live: list[Layer]) -> Layer:
        width = next((layer.shape[0] for layer in reversed(self.layers) if layer.name in self.dead and layer.prefix), 0)
        wide = [layer for layer in live if layer.shape[0] == width]
        end = _trunk_end(live, self.whole)
        return end or (wide or live)[-1]

    def _unmixed(self, last: str, clear: list[str]) -> Choice:
        said = f"The network mixes what lies where: in '{last}' the cells do not follow the picture's any more."
        if not clear:
            return Choice(last, f"{said} Nor do they before; trust no place in a map of it.")
        return Choice(clear[-1], f"{said} '{clear[-1]}' is looked at, where they still do; take places with care.")

    def _gathered(self, last: Layer, clear: list[str]) -> Choice:
        share = self.carried(last)
        if not share < MOST:
            return Choice(last.name)
        said = f"The answer is gathered at several depths; {max(share, 0):.0%} of it goes through '{last.name}'."
        if not clear:
            return Choice(last.name, f"{said} A map of it shows this part.")
        return Choice(clear[-1], f"{said} '{clear[-1]}' is looked at, through which all of it goes.")


def _trunk_end(live: list[Layer], whole: frozenset[str]) -> Layer | None:
    """The last whole cut that holds patches alone, in the second half of the network; None where there is none.

    Behind it a few blocks may read it with a class token, as in CaiT, XCiT and VOLO; where many do, the patches still
    change and it is the stem.
    """
    places = [index for index, layer in enumerate(live) if layer.name in whole and not layer.prefix]
    if not places or 2 * places[-1] < len(live):
        return None
    behind = [layer for layer in live[places[-1] + 1 :] if layer.name in whole]
    return live[places[-1]] if len(behind) <= READERS else None
