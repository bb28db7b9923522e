"""Neurons in words: which features of the network support a class here, and what excites them.

A neuron is one channel of a layer. Its importance is how much the class's score would rise with it, averaged over
places; times its activation it is what the neuron gives to the score (Selvaraju et al. 2017, section 7). Each is named
after a concept of the class where you ask for it, otherwise after the classes whose weights stand out most for it, and
is shown with the patches of other pictures that excite it most.

Limits: a neuron seldom stands for one idea, and a name is only what it also supports; look at the patches. Before the
last layers a neuron's importance is a first-order account. Neurons that count together are named one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from explainers.attribution.neurons.importance import Neuron, NeuronWords, neuron_words
from explainers.base import AboutClass, AtLayer, Evidence, Request, Run, Score, explainer, find
from explainers.kinds import Class, Images, LayerName
from explainers.kit.ablate import ablate_channels
from explainers.kit.crops import SIDE, cut, small
from explainers.kit.hooks import layer_activations
from explainers.kit.predict import logits_of
from explainers.kit.targets import chosen_class
from explainers.params import ImageParams, knob
from models import Layer, ModelHandle, imagesets
from models.errors import InputError
from models.imagesets.imageset import image_set
from models.imagesets.reader import Reader

PATCHES, BATCH, DRAWS = 4, 16, 32


@dataclass(frozen=True, kw_only=True)
class NeuronsParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class to explain", label="Class"
    )
    count: int = knob(5, 1, 12, "How many neurons for, and how many against.", label="Neurons")
    images: str = knob(
        "",
        kind=Images(more={"": "the sample photos"}),
        help="Pictures whose patches may excite a neuron; the sample photos when left open.",
        label="Patches from",
    )
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where in the network to look", more=True
    )
    concepts: bool = knob(
        False,
        help="Name neurons after the class's concepts, learnt from the pictures chosen for patches.",
        more=True,
        label="Concepts as names",
    )
    looked: int = knob(200, 1, 5000, "At most so many pictures are looked at for patches.", more=True, label="Pictures")


@dataclass(frozen=True, kw_only=True)
class Neurons(AboutClass, AtLayer):
    """Neurons for and against a class; those for it first, strongest first, then those against it.

    Attributes:
        image: uint8 (H, W, 3), as the model saw it.
        neuron: int (n,), channel. importance, contribution: (n,), see `importance.Neuron`.
        maps: float32 (n, h, w), activation of each in this picture.
        own: uint8 (n, s, s, 3), what excites it most in this picture.
        patches: uint8 (n, m, s, s, 3), what excites it most in other pictures, the strongest first.
        strength: float32 (n, m), activation at those patches.
        names: of each neuron; may be empty. files: the pictures of the patches, a line for each neuron.
        target, label, probability: the class. layer: where. source, looked: which pictures were searched, how many.
        by: what names come from: concepts, weights or nothing.
        words: the sentence.
    """

    image: np.ndarray
    neuron: np.ndarray
    importance: np.ndarray
    contribution: np.ndarray
    maps: np.ndarray
    own: np.ndarray
    patches: np.ndarray
    strength: np.ndarray
    names: tuple[tuple[str, ...], ...]
    files: tuple[tuple[str, ...], ...]
    target: int
    probability: float
    source: str
    looked: int
    by: str
    words: str

    @property
    def sentence(self) -> str:
        """The class, because of some, in spite of others."""
        return self.words


def measure_neurons(model: ModelHandle, _params: NeuronsParams, result: Neurons, run: Run) -> Evidence:
    """Silence the neurons that support the class, and as many others."""
    run.report(0.0, "silencing the neurons")
    layer = model.layer(result.layer)
    supporting = result.neuron[result.contribution > 0]
    others = np.setdiff1d(np.arange(layer.shape[0]), supporting)
    sets = [
        supporting,
        *(run.rng.choice(others, min(len(supporting), len(others)), replace=False) for _ in range(DRAWS)),
    ]
    kept = np.ones((len(sets), layer.shape[0]), np.float32)
    for row, chosen in enumerate(sets):
        kept[row, chosen] = 0
    x = model.normalise(result.image[None])
    left = []
    for start in range(0, len(sets), BATCH):
        run.report(start / len(sets), "silencing as many others")
        rows = torch.from_numpy(kept[start : start + BATCH]).to(x.device)
        with torch.inference_mode(), ablate_channels(model.network, layer, rows):
            left.append(model.chances(model.network(x.expand(len(rows), -1, -1, -1)).float())[:, result.target].cpu())
    chances = torch.cat(left).numpy()
    value, other = float(chances[0]), float(chances[1:].mean())
    return Evidence(
        scores=(
            Score(
                name="silenced",
                title="Without these neurons",
                value=value,
                worst=1.0,
                best=0.0,
                of="without these neurons",
                baselines={"without as many others": other, "with all": result.probability},
                interval=(float(np.quantile(chances[1:], 0.025)), float(np.quantile(chances[1:], 0.975))),
                reading=f"With the {len(supporting)} neurons that support it silenced, the probability falls from"
                f" {result.probability:.0%} to {value:.0%}; with {len(supporting)} others silenced it is {other:.0%}."
                if len(supporting)
                else "No neuron supports the class here.",
            ),
        )
    )


@explainer("Neurons in words", paper="https://arxiv.org/abs/1610.02391", evidence=measure_neurons)
def neurons(model: ModelHandle, params: NeuronsParams, run: Run) -> Neurons:
    """Say in words what the network saw; see the module's docstring."""
    run.report(0.02, "reading the picture")
    image, layer = model.view(params.image).pixels, model.layer(params.layer)
    chance = model.chances(logits_of(model, image[None])[0].float())
    target = chosen_class(model, chance, params.target)
    strongest = neuron_words(model, model.normalise(image[None]), target, layer.name, params.count)
    by = "weights" if any(each.names for each in (*strongest.positive, *strongest.negative)) else "nothing"
    if params.concepts:
        strongest, by = _named_by_concepts(model, params, strongest, (target, layer, run)), "concepts"
    both = (*strongest.positive, *strongest.negative)
    channels = np.array([each.index for each in both], np.int64)
    run.report(0.3, "searching the pictures for patches")
    maps = next(_activations(model, layer, [image], channels))[0]
    best = _patches(model, params, layer, (target, channels, run))
    return Neurons(
        image=image,
        neuron=channels,
        importance=np.array([each.importance for each in both]),
        contribution=np.array([each.contribution for each in both]),
        maps=maps,
        own=_own(image, maps),
        patches=best.patches,
        strength=best.strength,
        names=tuple(each.names for each in both),
        files=best.files,
        target=target,
        label=model.card.labels[target],
        probability=float(chance[target]),
        layer=layer.name,
        source=best.source,
        looked=best.looked,
        by=by,
        words=strongest.sentence,
    )


def _own(image: np.ndarray, maps: Float[np.ndarray, "n h w"]) -> np.ndarray:
    """What excites each neuron most in this picture."""
    cells = [divmod(int(each.argmax()), each.shape[1]) for each in maps]
    shape = maps.shape[1:]
    return np.array([small(cut(image, cell, shape)) for cell in cells], np.uint8).reshape(len(maps), SIDE, SIDE, 3)


def _activations(
    model: ModelHandle, layer: Layer, images: list[np.ndarray], channels: np.ndarray
) -> Iterator[Float[np.ndarray, "b n h w"]]:
    """Maps of some channels, a batch at a time."""
    for start in range(0, len(images), BATCH):
        x = model.normalise(np.stack(images[start : start + BATCH]))
        with torch.inference_mode():
            maps, _ = layer_activations(model.network, layer, x)
        yield maps[:, torch.from_numpy(channels)].float().cpu().numpy()


@dataclass(frozen=True)
class _Best:
    patches: np.ndarray
    strength: np.ndarray
    files: tuple[tuple[str, ...], ...]
    source: str
    looked: int


def _pictures(model: ModelHandle, params: NeuronsParams, target: int) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """Where patches come from: title, and every readable picture with its name."""
    if not params.images:
        return "the sample photos", [(each.name, model.view(each.photo()).pixels) for each in imagesets.samples()]
    images = image_set(params.images, model, target, most=params.looked, seed=params.seed)
    read = [(name, picture.pixels) for name, picture in Reader(images.items[: params.looked])]
    if not read:  # damaged files excite nothing
        raise InputError(f"No picture of {images.title} can be read; choose another source of patches.")
    return images.title, read


def _patches(model: ModelHandle, params: NeuronsParams, layer: Layer, wanted: tuple[int, np.ndarray, Run]) -> _Best:
    """The pictures in which a cell of each neuron is strongest, cut out about that cell."""
    target, channels, run = wanted
    title, pictures = _pictures(model, params, target)
    images, patches = [pixels for _, pixels in pictures], []
    for done, maps in enumerate(_activations(model, layer, images, channels)):
        run.report(0.3 + 0.65 * min(1.0, done * BATCH / len(images)), "searching the pictures for patches")
        patches.append(maps)
    maps = np.concatenate(patches)
    flat = maps.reshape(*maps.shape[:2], -1)
    peaks = flat.max(2)
    order = np.argsort(-peaks, axis=0, kind="stable")[:PATCHES].T  # (n, m)
    shape = maps.shape[2:]
    crops = [
        [small(cut(images[i], divmod(int(flat[i, n].argmax()), shape[1]), shape)) for i in row]
        for n, row in enumerate(order)
    ]
    return _Best(
        np.array(crops, np.uint8),
        np.take_along_axis(peaks.T, order, axis=1),
        tuple(tuple(pictures[i][0] for i in row) for row in order),
        title,
        len(images),
    )


def _named_by_concepts(
    model: ModelHandle, params: NeuronsParams, strongest: NeuronWords, place: tuple[int, Layer, Run]
) -> NeuronWords:
    """The same neurons, each named after the concept of the class's bank in which it weighs most."""
    target, layer, run = place
    lens = find("concepts")
    images = params.images or "menagerie"
    wanted = lens.params(cls=target, images=images, layer=layer.name, seed=params.seed)
    bank: Any = run.reuse(Request(lens.name, model.card.name, wanted))
    weight = np.abs(bank.dictionary) / np.maximum(np.abs(bank.dictionary).mean(0, keepdims=True), 1e-12)

    def named(neuron: Neuron) -> Neuron:
        share = bank.dictionary[:, neuron.index] * (weight[:, neuron.index] > 1)
        best = int(share.argmax())
        return Neuron(
            neuron.index, neuron.importance, neuron.contribution, (bank.names[best],) if share[best] > 0 else ()
        )

    return NeuronWords(
        strongest.label, tuple(map(named, strongest.positive)), tuple(map(named, strongest.negative)), what="is seen of"
    )
