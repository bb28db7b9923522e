"""What is trained for which classifier: where its features are read, and how large the pictures are."""

from dataclasses import dataclass

from models.errors import UnfitError
from models.handle import ModelHandle


@dataclass(frozen=True)
class Plan:
    """Sizes of a generator.

    Attributes:
        layer: of the classifier, whose output is the code h.
        lower: a layer below it, h1, that pictures should agree in as well.
        grid: a map is averaged to so many rows and columns; 0 for a layer that gives a vector.
        side: pixels of a picture.
        widths: channels of the generator's stages, each twice as large as the one before; the picture is twice as large
            as the last.
        batch: pictures a step.
        rate: of Adam.
        image, code: weights in the generator's loss, of the distance of pictures and of codes. Codes of a high layer
            are matched by patterns that only the classifier sees long before the picture is right.
        pace: of the chains that draw with it, beside the presets of the priors.
    """

    layer: str
    lower: str
    grid: int
    side: int
    widths: tuple[int, ...]
    batch: int = 64
    rate: float = 1e-3
    image: float = 4.0
    code: float = 1.0
    pace: float = 1.0

    @property
    def first(self) -> int:
        """Rows and columns of the first stage."""
        return self.side >> len(self.widths)


PLANS = {
    "fashion_lenet": Plan("3", "1", 0, 28, (96, 48)),
    "cifar10_cnn": Plan("layer3", "layer2", 4, 32, (96, 72, 40), image=8.0, code=0.3, pace=0.5),
    # Its own size, since at 96 pixels it no longer tells the parts of one animal in five; and not its last map, which
    # has forgotten what is behind the animal.
    "menagerie_cnn": Plan("layer3", "layer2", 4, 128, (112, 96, 72, 40, 20), batch=16, image=8.0, code=0.1, pace=2.0),
    # Not its last map: from some thousand photos only what lies half-way up can be drawn back.
    "efficientnet_lite0": Plan("blocks.4", "blocks.2", 4, 64, (128, 80, 48, 24), batch=16),
}
SIDES = (32, 64)
WIDTHS = {32: (128, 72, 40), 64: (128, 80, 48, 24)}


def plan_for(model: ModelHandle) -> Plan:
    """The plan of a classifier: its own where it has one, else its default layer and the main one half-way below.

    Raises:
        UnfitError: no layer with a map lies below its default layer.
    """
    if model.card.name in PLANS:
        return PLANS[model.card.name]
    layer, names = model.layer(None).name, [one.name for one in model.layers() if one.main]
    below = names[: names.index(layer)] if layer in names else names
    if not below:
        raise UnfitError(f"{model.card.title} has no layer below {layer} to compare pictures in; take another model.")
    side = SIDES[min(model.card.input_size[1:]) > SIDES[0]]
    return Plan(layer, below[len(below) // 2], 2, side, WIDTHS[side])
