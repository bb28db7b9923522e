"""What the studies of champions share: which archive is asked about, and what its champions are compared with."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from scipy.ndimage import gaussian_filter

import models
from explainers.base import Run
from explainers.fooling.archive import Fooling, FoolingParams
from explainers.fooling.evolve import fooling
from explainers.fooling.judge import fitting_size
from explainers.kinds import Images
from explainers.params import knob
from models import ModelCard, ModelHandle, imagesets, menagerie
from models.errors import InputError
from models.imagesets import datasets
from models.imagesets.imageset import MENAGERIE, UNKNOWN, class_of, image_set
from models.imagesets.reader import Reader

AUTO = "auto"
SMOOTH = (0.0, 1.0, 2.0, 4.0, 8.0)  # sigmas of random pictures, in pixels
EVERYTHING = 100_000
FASHION = "fashion_mnist"


@dataclass(frozen=True, kw_only=True)
class ArchiveParams(FoolingParams):
    """An archive of champions, and the photos that they are compared with."""

    champions: int = knob(64, 2, 1000, "At most so many champions, the most confident first.", label="Champions")
    images: str = knob(
        AUTO,
        kind=Images(more={AUTO: "automatic", "": "the sample photos"}),
        help="Photos to compare with; automatic takes drawn animals or clothes for networks that know them, and the"
        " sample photos otherwise.",
        label="Photos",
    )
    photos: int = knob(128, 4, 5000, "At most so many photos, and as many random pictures.", label="Number of photos")


def archive_of(params: FoolingParams) -> FoolingParams:
    """The choices of the archive alone, so that every study finds the same one."""
    return FoolingParams(**{entry.name: getattr(params, entry.name) for entry in fields(FoolingParams)})


def kept_archive(run: Run, model: str, params: FoolingParams) -> Fooling:
    """The archive that was evolved on the model of that name, or is evolved now."""
    run.report(0.0, f"evolving on {model}")
    return run.reuse(fooling.request(model, archive_of(params)))


def strongest(confidence: Float[np.ndarray, " k"], count: int) -> Int[np.ndarray, " n"]:
    """Rows of the most confident champions, the most confident first; cells that stayed empty are left out."""
    order = np.argsort(-confidence, kind="stable")[:count]
    return order[confidence[order] > 0]


def card_of(name: str, card: ModelCard) -> ModelCard:
    """The card of a model by name; ``card`` where that is its own name, which need not be in the zoo."""
    return card if name == card.name else models.card(name)


def same_class(labels: tuple[str, ...], others: tuple[str, ...]) -> np.ndarray:
    """For each class the class of the same name in another model; `UNKNOWN` where there is none."""
    if labels == others:
        return np.arange(len(labels))
    places = {label: at for at, label in enumerate(others)}
    return np.array([places.get(label, UNKNOWN) for label in labels])


def source_of(images: str, card: ModelCard) -> str:
    """Which pictures ``auto`` means for a model; any other name is itself."""
    if images != AUTO:
        return images
    if card.labels == menagerie.CLASSES:
        return "menagerie"
    known = FASHION in datasets.DATASETS and datasets.DATASETS[FASHION].ready
    return FASHION if known and class_of("Ankle boot", card.labels) != UNKNOWN else ""


@dataclass(frozen=True)
class Photos:
    """Photos of one size.

    Attributes:
        pictures: uint8 (n, S, S, 3).
        labels: int (n,), class of the model that each is labelled; `UNKNOWN` where nothing is said.
        title: where they come from.
    """

    pictures: np.ndarray
    labels: np.ndarray
    title: str


def photos_of(model: ModelHandle, params: ArchiveParams, side: int, run: Run) -> Photos:
    """Photos as the model sees them, at the size of the champions.

    Raises:
        InputError: there is no such folder, or it holds no picture.
    """
    source = source_of(params.images, model.card)
    if not source:
        entries = imagesets.samples()[: params.photos]
        views = [resized(model.view(entry.photo()).pixels, side) for entry in entries]
        return Photos(np.stack(views), np.full(len(views), UNKNOWN), "the sample photos")
    most = params.photos if source in MENAGERIE else EVERYTHING  # a folder comes spread over its classes
    offered = image_set(source, model, UNKNOWN, most=most, seed=params.seed)
    pictures: list[np.ndarray] = []
    labels: list[int] = []
    for _, picture in Reader(offered.items[: params.photos]):
        run.report(len(labels) / params.photos, f"reading {offered.title}, {len(labels)} pictures")
        pictures.append(resized(picture.pixels, side))
        labels.append(picture.label)
    if not pictures:
        raise InputError(f"None of the pictures of {offered.title} could be read; choose other images.")
    return Photos(np.stack(pictures), np.array(labels), offered.title)


def random_pictures(count: int, side: int, rng: np.random.Generator) -> UInt8[np.ndarray, "n s s 3"]:
    """Noise that nobody selected, from white to smooth, each channel stretched over the whole range."""
    pictures = []
    for at in range(count):
        sigma = SMOOTH[at % len(SMOOTH)]
        noise = gaussian_filter(rng.random((side, side, 3)), (sigma, sigma, 0), mode="wrap")
        low, high = noise.min((0, 1)), noise.max((0, 1))
        pictures.append(np.round((noise - low) / np.maximum(high - low, 1e-12) * 255).astype(np.uint8))
    return np.stack(pictures)


def resized(image: UInt8[np.ndarray, "h w 3"], side: int) -> UInt8[np.ndarray, "s s 3"]:
    """The picture at another size; itself where it has that size."""
    if image.shape[:2] == (side, side):
        return image
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def as_fed(model: ModelHandle, images: UInt8[np.ndarray, "n s s 3"], source: ModelCard) -> UInt8[np.ndarray, "n r r 3"]:
    """Champions as a model is given them.

    Those that were evolved at their own model's size are resized to this one's, as an opened file would be; those that
    were evolved at another size are given as they are, as during evolution, where the model takes that size.
    """
    side, whole = images.shape[1], model.card.input_size[1]
    wanted = whole if side == source.input_size[1] else fitting_size(model, None, side)
    return images if side == wanted else np.stack([resized(image, wanted) for image in images])
