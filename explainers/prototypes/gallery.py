"""All prototypes of a classifier: what each looks like elsewhere, what it counts for, and why it is found.

Each prototype is shown in its own training picture, beside the patches of other pictures that look most like it. Its
purity is the share of those that belong to its class. What its likeness rests on, over all pictures, is the mean of the
local reasons weighed by the likeness (Nauta et al. 2020, equation 2). Two prototypes of one class are *redundant* when
they are close, are found in the same places and rest on the same characteristics; two that are close but rest on
different ones are *misleading*: they look alike, and mean something else.

Limits: purity over few pictures is coarse; whether two prototypes are redundant is a rule of thumb, and merging them is
tried on the test pictures before anything is changed.
"""

from dataclasses import dataclass

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.kinds import Images
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.kit.crops import cut, small
from explainers.params import Params, knob
from explainers.prototypes.changed import peaks, views
from explainers.prototypes.evidence import agreement, parts
from explainers.prototypes.learn.head import Scores
from explainers.prototypes.local import phi
from explainers.prototypes.merging import merged, pairs, prunable
from models import ModelHandle, Photo
from models.errors import InputError
from models.imagesets.imageset import MENAGERIE
from models.imagesets.labelled import Example, Labelled, labelled
from models.imagesets.reader import Reader
from models.prototypes.network import PrototypeNet, prototype_net

NEAREST, PURITY, BATCH = 5, 10, 16
WELCH = 24  # pictures of either split whose reasons are compared


@dataclass(frozen=True, kw_only=True)
class GalleryParams(Params):
    """What can be chosen."""

    images: str = knob("menagerie", kind=Images(), help="Pictures of the same classes, to find near patches in.")
    limit: int = knob(15, 2, 500, "Pictures of each class that are looked at.", label="Pictures of a class")
    reasons: int = knob(
        32, 0, 1000, "Pictures over which reasons are measured, six passes each; 0 leaves them out.", more=True
    )


@dataclass(frozen=True, kw_only=True)
class Gallery(Result):
    """Every prototype; item j of each belongs together.

    Attributes:
        owner: int (P,), its class.
        weight: float32 (K, P).
        thumbnails: uint8 (P, 128, 128, 3). boxes: int (P, 4), its place there.
        nearest: uint8 (P, m, s, s, 3), the patches most like it. near_labels: int (P, m).
        purity: float32 (P,), share of its ten nearest that are of its class.
        phi: float32 (5, P), global importance of hue, saturation, contrast, texture, shape; zeros where not measured.
        redundant, misleading: int (r, 2), pairs of prototypes.
        train_similarity, test_similarity: float16 (n, P), of the training; train_labels, test_labels: int (n,).
        files, near_files: pictures of the prototypes and of their nearest patches.
        classes: their names.
        source, looked: which pictures were searched, how many.
        accuracies: name and value of what the training measured.
    """

    owner: np.ndarray
    weight: np.ndarray
    thumbnails: np.ndarray
    boxes: np.ndarray
    nearest: np.ndarray
    near_labels: np.ndarray
    purity: np.ndarray
    phi: np.ndarray
    redundant: np.ndarray
    misleading: np.ndarray
    train_similarity: np.ndarray
    test_similarity: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    files: tuple[str, ...]
    near_files: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...]
    source: str
    looked: int
    accuracies: tuple[tuple[str, float], ...]

    def scores(self, split: str) -> Scores:
        """Greatest similarities and labels that the training kept."""
        return Scores(getattr(self, f"{split}_similarity").astype(np.float32), getattr(self, f"{split}_labels"))

    def accuracy_without(self, removed: tuple[int, ...]) -> float:
        """Accuracy on the test pictures, as if these prototypes were nowhere seen."""
        gone = np.isin(np.arange(len(self.owner)), removed)
        return self.scores("test").without(gone).accuracy(self.weight)

    def accuracy_merged(self, merges: tuple[tuple[int, int], ...]) -> float:
        """Accuracy on the test pictures, as if the second of each pair were merged into the first."""
        return self.scores("test").accuracy(merged(self.weight, merges))

    @property
    def alike(self) -> tuple[tuple[str, int, int], ...]:
        """Pairs of one class that look alike, as (``redundant`` or ``misleading``, one, the other)."""
        kinds = {"redundant": self.redundant, "misleading": self.misleading}
        return tuple((kind, int(a), int(b)) for kind, pairs in kinds.items() for a, b in pairs)

    @property
    def prunable(self) -> tuple[int, ...]:
        """Prototypes that ProtoPNet's rule would prune: most patches like them are of other classes."""
        return tuple(prunable(self.near_labels, self.owner).tolist())

    @property
    def sentence(self) -> str:
        """How pure they are, and how many could go."""
        pairs = len(self.redundant)
        also = f"; {pairs} pair{'s' if pairs > 1 else ''} may be redundant" if pairs else ""
        return (
            f"{len(self.owner)} prototypes of {len(self.classes)} classes: on average {self.purity.mean():.0%} of the"
            f" patches most like one are of its own class{also}."
        )


def measure_gallery(model: ModelHandle, params: GalleryParams, result: Gallery, run: Run) -> Evidence:
    """Purity, accuracy, whether reasons hold on test pictures, and on drawn animals whether parts stay the same."""
    run.report(0.0, "comparing with labels by lot")
    network, known = prototype_net(model), [_purity(result), _accuracy(result, run)]
    if result.phi.any():
        run.report(0.1, "looking for the same reasons in test pictures")
        pictures = labelled(params.images, limit=params.limit, seed=params.seed)
        most = min(WELCH, params.reasons)
        train, test = (_local(model, network, pictures.of(split)[:most], run) for split in ("train", "test"))
        if len(train) > 1 and len(test) > 1:
            known.append(agreement.score(train, test, run.rng))
    if params.images in MENAGERIE:
        run.report(0.7, "looking where the animals' parts are")
        known += parts.scores(model, network, run.rng)
    return Evidence(scores=tuple(known))


def _purity(result: Gallery) -> Score:
    share = np.bincount(result.near_labels.ravel(), minlength=len(result.classes)) / max(1, result.near_labels.size)
    chance = float(share[result.owner].mean())
    return Score(
        name="purity",
        title="Purity",
        value=float(result.purity.mean()),
        of="these prototypes",
        baselines={"labels by lot": chance},
        reading=f"{result.purity.mean():.0%} of the ten patches most like a prototype are of its class; by lot"
        f" {chance:.0%} would be.",
    )


def _accuracy(result: Gallery, run: Run) -> Score:
    test, probe = result.scores("test"), dict(result.accuracies).get("probe_accuracy", float("nan"))
    return Score(
        name="accuracy",
        title="Accuracy",
        value=test.accuracy(result.weight),
        of="these prototypes",
        baselines={"shuffled weights": test.accuracy(run.rng.permutation(result.weight.T).T), "linear probe": probe},
        references=("linear probe",),
        reading=f"{test.accuracy(result.weight):.1%} of the test pictures are named rightly; a linear probe on"
        f" the same features names {probe:.1%}.",
    )


def _local(model: ModelHandle, network: PrototypeNet, examples: tuple[Example, ...], run: Run) -> np.ndarray:
    """Local importances (n, 5, P) in pictures; those that cannot be read are left out."""
    reader, reasons = Reader([(example.name, example.read) for example in examples]), []
    for _, photo in reader:
        run.report(0.1 + 0.6 * reader.tried / len(examples), f"reasons in picture {reader.tried}")
        reasons.append(phi(_maps(model, network, photo)))
    return np.array(reasons).reshape(-1, len(CHARACTERISTICS), len(network.record["owner"]))


def _maps(model: ModelHandle, network: PrototypeNet, photo: Photo) -> np.ndarray:
    """Likeness maps (6, P, h, w) of a picture as it is and changed."""
    with torch.inference_mode():
        maps: np.ndarray = network.similarities(model.normalise(views(model, photo))).float().cpu().numpy()
    return maps


def _check_classes(pictures: Labelled, model: ModelHandle) -> None:
    """`InputError` where a folder has other classes than the model; it names the first on either side."""
    more = [name for name in pictures.classes if name not in model.card.labels]
    fewer = [name for name in model.card.labels if name not in pictures.classes]
    if pictures.classes == model.card.labels:
        return
    differs = f"holds {more[0]}, which the model does not know" if more else f"lacks {next(iter(fewer), 'their order')}"
    raise InputError(
        f"{pictures.title} has other classes than {model.card.title}: it {differs}. Train it again on that folder, or"
        " choose one with the classes that it was trained on."
    )


@explainer("All prototypes", paper="https://arxiv.org/abs/2011.02863", evidence=measure_gallery)
def prototype_gallery(model: ModelHandle, params: GalleryParams, run: Run) -> Gallery:
    """Look at every prototype; see the module's docstring."""
    network = prototype_net(model)
    pictures = labelled(params.images, limit=params.limit, seed=params.seed)
    _check_classes(pictures, model)
    search = _Search(model, network, len(network.record["owner"]))
    examples = pictures.of("train")
    reader = Reader([(example.name, lambda example=example: (example, example.read())) for example in examples])  # type: ignore[misc]
    for batch in reader.batches(BATCH):
        search.look(batch)
        run.report(0.6 * reader.tried / len(examples), f"{reader.read} of {len(examples)} pictures compared")
    if not search.seen:
        raise InputError(f"No picture of {pictures.title} can be read; choose another source.")
    weighed = _reasons(model, network, search.seen[: params.reasons], run)
    return _result(model, network, search, (weighed, pictures.title))


class _Search:
    """Keeps, for each prototype, where it was found most strongly."""

    def __init__(self, model: ModelHandle, network: PrototypeNet, count: int) -> None:
        self.model, self.network, self.count = model, network, count
        self.seen: list[tuple[Example, Photo]] = []
        self.views: list[np.ndarray] = []
        self.similarity: list[np.ndarray] = []
        self.cells: list[np.ndarray] = []
        self.grid = (1, 1)

    def look(self, batch: list[tuple[Example, Photo]]) -> None:
        """One forward of a batch."""
        views = np.stack([self.model.view(photo).pixels for _, photo in batch])
        with torch.inference_mode():
            maps = self.network.similarities(self.model.normalise(views)).float().cpu().numpy()
        self.views += list(views)
        self.grid = (maps.shape[2], maps.shape[3])
        for one, (example, photo) in zip(maps, batch, strict=True):
            strongest, cells = peaks(one)
            self.similarity.append(strongest)
            self.cells.append(cells)
            self.seen.append((example, photo))

    def crop(self, picture: int, prototype: int) -> np.ndarray:
        """The patch of a picture that looks most like a prototype."""
        row, column = self.cells[picture][prototype]
        return small(cut(self.views[picture], (int(row), int(column)), self.grid))


def _reasons(model: ModelHandle, network: PrototypeNet, seen: list[tuple[Example, Photo]], run: Run) -> np.ndarray:
    """Global importance of the characteristics, (5, P): local ones weighed by the likeness (equation 2)."""
    total = np.zeros((len(CHARACTERISTICS), len(network.record["owner"])))
    weight = np.zeros(total.shape[1])
    for done, (_, photo) in enumerate(seen):
        run.report(0.6 + 0.38 * done / len(seen), f"reasons in picture {done + 1} of {len(seen)}")
        maps = _maps(model, network, photo)
        strongest, _ = peaks(maps[0])
        total += phi(maps) * strongest
        weight += strongest
    return total / np.maximum(weight, 1e-12)


def _result(model: ModelHandle, network: PrototypeNet, search: _Search, known: tuple[np.ndarray, str]) -> Gallery:
    reasons, source = known
    record, similarity = network.record, np.stack(search.similarity)
    labels = np.array([example.label for example, _ in search.seen])
    order = np.argsort(-similarity, axis=0, kind="stable").T  # (P, n)
    redundant, misleading = pairs(
        network.similarity.prototypes.detach().cpu().numpy(), record["owner"], (np.stack(search.cells), reasons)
    )
    return Gallery(
        owner=record["owner"],
        weight=network.head.weight.detach().float().cpu().numpy(),
        thumbnails=record["thumbnails"],
        boxes=record["boxes"],
        nearest=np.stack([np.stack([search.crop(int(at), j) for at in row[:NEAREST]]) for j, row in enumerate(order)]),
        near_labels=labels[order[:, :PURITY]],
        purity=(labels[order[:, :PURITY]] == record["owner"][:, None]).mean(1).astype(np.float32),
        phi=reasons.astype(np.float32),
        redundant=redundant,
        misleading=misleading,
        train_similarity=record["train_similarity"],
        test_similarity=record["test_similarity"],
        train_labels=record["train_labels"],
        test_labels=record["test_labels"],
        files=network.about.files if network.about else (),
        near_files=tuple(tuple(search.seen[at][0].name for at in row[:NEAREST]) for row in order),
        classes=model.card.labels,
        source=source,
        looked=len(search.seen),
        accuracies=tuple(sorted(network.about.facts.items())) if network.about else (),
    )
