"""What the zoo says of a small network."""

from functools import partial
from pathlib import Path

from models import weights
from models.card import ModelCard
from models.small import nets


def card(name: str, path: Path | None = None) -> ModelCard:
    """The card of a small network: of the shipped weights, or of a file of yours."""
    spec = nets.SPECS[name]
    accuracy = spec.metadata.get("accuracy")
    words = f"; {float(accuracy):.1%} of the test pictures named rightly" if accuracy and path is None else ""
    return ModelCard(
        name=str(path or name),
        title=spec.title,
        labels=spec.labels,
        input_size=spec.input_size,
        mean=spec.mean,
        std=spec.std,
        licence="Apache-2.0",
        source=f"trained by `seewhy train classifier` on {spec.data}{words}",
        path=path or spec.path,
        build=partial(nets.build, name),
        fill=weights.fill_strict,
        remedy="" if path or spec.path else f"Run `seewhy train classifier --name {name} --data DATA --out FILE`.",
    )
