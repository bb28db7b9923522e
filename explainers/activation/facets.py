"""Facets of a class: the kinds of things that a network calls by one name, each drawn by itself.

Multifaceted feature visualisation (Nguyen, Yosinski and Clune 2016, arXiv:1602.03616): pictures of a class are
clustered by the network's own codes, and each facet's chains of a generator begin with the mean code of its cluster.
Beside them stand chains of the same class that began with codes by lot.

Limits: what is not among the pictures at hand is no facet; k-means cuts a smooth range into pieces as well. It wants a
generator: MACO forgets what it began with. Whether the beginning is still seen at the end is measured, not assumed.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from explainers.activation.climb import activation_climb, climb
from explainers.activation.condition import conditions_of
from explainers.activation.params import ClimbParams, generator_knob
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kinds import Class, Images
from explainers.kit.langevin import Weights
from explainers.kit.metrics import cosine
from explainers.params import Params, knob
from models import ModelHandle, Photo
from models.errors import InputError
from models.generators import file as generators
from models.generators.encoder import Encoder
from models.generators.reference import tensor
from models.imagesets.imageset import image_set
from models.imagesets.reader import Reader

NEAREST, FEWEST, BATCH = 4, 4, 64  # photos shown of each facet, and needed for each
GENTLY = Weights(0.1, 3.0, 0.1)  # asked as firmly as for a picture alone, chains leave their cluster


@dataclass(frozen=True, kw_only=True)
class FacetsParams(Params):
    """What is taken apart."""

    target: int = knob(0, kind=Class(), help="The class.", label="Class")
    images: str = knob(
        "menagerie", kind=Images(), help="Where pictures of the class come from; those that the model calls so count."
    )
    facets: int = knob(3, 2, 8, "How many facets.", label="Facets")
    prior: Literal["joint", "ppgn_h"] = knob("joint", help="What denoises; see Pictures.", label="Prior")
    steps: int = knob(64, 2, 2000, "Steps of each picture.", label="Steps")
    chains: int = knob(4, 2, 16, "Pictures of each facet.", label="Pictures of a facet", more=True)
    limit: int = knob(
        120, 6, 2000, "At most so many pictures of the class are clustered.", label="Pictures of the class", more=True
    )
    generator: str | None = generator_knob()


@dataclass(frozen=True, kw_only=True)
class Facets(AboutClass):
    """Facets, the largest first.

    Attributes:
        images: uint8 (K, R, s, s, 3), R pictures of each facet. control: uint8 (K * R, s, s, 3), the same
            chains begun with codes by lot.
        photos: uint8 (K, P, h, w, 3), the pictures nearest to each cluster's mean.
        share: (K,), of the class's pictures.
        nearest: int (K, R), the cluster whose mean is nearest to each picture's code.
        between, control_between: share of the codes' variance that lies between facets; of the pictures that began with
            codes by lot, between groups of them.
        looked: how many pictures of the class were clustered.
        probability: (K, R), of the class under the network.
    """

    images: np.ndarray
    control: np.ndarray
    photos: np.ndarray
    share: np.ndarray
    nearest: np.ndarray
    between: float
    control_between: float
    looked: int
    probability: np.ndarray

    @property
    def returned(self) -> float:
        """Share of the pictures that are nearest to the cluster that they began with."""
        return float((self.nearest == np.arange(len(self.nearest))[:, None]).mean())

    @property
    def sentence(self) -> str:
        """How many, and whether the pictures stay with them."""
        return (
            f"{len(self.share)} facets of *{self.label}* among {self.looked} pictures: {self.returned:.0%} of what was"
            " drawn is nearest to the facet that it began with."
        )


def measure(_model: ModelHandle, _params: FacetsParams, result: Facets, run: Run) -> Evidence:
    """Facets beside groups of pictures that know nothing of them, and beside chance."""
    run.report(0.0, "comparing with pictures begun with codes by lot")
    value, control, chance = result.between, result.control_between, 1 / len(result.share)
    run.report(0.9, "comparing")
    return Evidence(
        scores=(
            Score(
                name="between",
                title="Facets differ",
                value=value,
                of="these facets",
                baselines={"groups of pictures begun with codes by lot": control},
                reading=f"{value:.0%} of the variance of the network's codes lies between facets, the rest within them;"
                f" between groups of pictures that began with codes by lot lies {control:.0%}.",
            ),
            Score(
                name="returned",
                title="They stay with their pictures",
                value=result.returned,
                of="these facets",
                baselines={"chance": chance},
                reading=f"{result.returned:.0%} of the pictures are nearest to the cluster that they began with; by"
                f" chance {chance:.0%} would be.",
            ),
        )
    )


@explainer("Facets", paper="https://arxiv.org/abs/1602.03616", evidence=measure)
def activation_facets(model: ModelHandle, params: FacetsParams, run: Run) -> Facets:
    """Take a class apart; see the module's docstring."""
    wanted = ClimbParams(
        target=params.target,
        prior=params.prior,
        steps=params.steps,
        generator=params.generator,
        n=params.facets * params.chains,
        seed=params.seed,
        e1=GENTLY.e1,
        e2=GENTLY.e2,
        e3=GENTLY.e3,
    )
    conditions = conditions_of(model, wanted, run)
    coder = _Coder(model, wanted)
    photos, codes = _pictures(model, params, coder, run.part(0.0, 0.3))
    means, labels = _clustered(codes, params)
    drawn = climb(model, wanted, run.part(0.3, 0.65), conditions, means.repeat(params.chains, 0))
    control = run.part(0.65, 1.0).reuse(activation_climb.request(model.card.name, wanted))
    ends, others = (coder(_as_seen(model, each.images)) for each in (drawn, control))
    grid = (params.facets, params.chains)
    rows = np.repeat(np.arange(params.facets), params.chains)
    distances = np.linalg.norm(codes[:, None] - means[None], axis=2)
    nearest = np.argsort(np.where(labels[:, None] == np.arange(len(means)), distances, np.inf), axis=0)[:NEAREST].T
    return Facets(
        images=drawn.images.reshape(*grid, *drawn.images.shape[1:]),
        control=control.images,
        photos=photos[nearest],
        share=np.bincount(labels, minlength=grid[0]) / len(labels),
        nearest=cosine(ends.h - others.h.mean(0), means - codes.mean(0)).argmax(1).reshape(grid),  # by direction
        between=_between(ends.h, rows),
        control_between=_between(others.h, rows),
        looked=len(codes),
        probability=model.chances(torch.from_numpy(ends.logits)).numpy()[:, params.target].reshape(grid),
        label=model.card.short(params.target),
    )


@dataclass(frozen=True)
class _Coded:
    h: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]


class _Coder:
    """Pictures as the model's codes, which the generator draws of."""

    def __init__(self, model: ModelHandle, params: ClimbParams) -> None:
        plan = generators.load(generators.path_of(model, params.generator), model).about.plan
        self.model, self.encoder = model, Encoder(model, plan)

    @torch.no_grad()
    def __call__(self, images: UInt8[np.ndarray, "n h w 3"]) -> _Coded:
        colours = images[..., : self.model.card.input_size[0]]
        parts = [self.encoder(part) for part in tensor(colours, self.model).split(BATCH)]
        h, logits = (torch.cat([getattr(part, name) for part in parts]).float() for name in ("h", "logits"))
        return _Coded(h.cpu().numpy(), logits.cpu().numpy())


def _pictures(model: ModelHandle, params: FacetsParams, coder: _Coder, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that the model calls by the class's name, uint8 (n, h, w, 3), and their codes (n, d)."""
    source = image_set(params.images, model, params.target, seed=params.seed)
    kept: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    reader = Reader(source)
    for pictures in reader.batches(BATCH):
        run.report(len(codes) / params.limit, f"{len(codes)} pictures of the class found among {reader.tried}")
        batch = [picture.pixels for picture in pictures]
        coded = coder(np.stack(batch))
        of_class = np.flatnonzero(coded.logits.argmax(1) == params.target)
        kept += [batch[at] for at in of_class]
        codes += [coded.h[at] for at in of_class]
        if len(codes) >= params.limit:
            break
    if len(codes) < FEWEST * params.facets:
        raise InputError(
            f"Of {reader.read} pictures in {source.title} the model calls {len(codes)}"
            f" {model.card.short(params.target)}, and {params.facets} facets need"
            f" {FEWEST * params.facets}: choose another class, other images or fewer facets."
        )
    return np.stack(kept[: params.limit]), np.stack(codes[: params.limit])


def _clustered(codes: np.ndarray, params: FacetsParams) -> tuple[Float[np.ndarray, "k d"], Int[np.ndarray, " n"]]:
    """Means and labels of k-means over the codes, each coordinate by its spread; the largest cluster first."""
    from sklearn.cluster import KMeans

    spread = np.maximum(codes.std(0), 1e-6)
    fitted = KMeans(params.facets, n_init=4, random_state=params.seed).fit(codes / spread)
    order = np.argsort(-np.bincount(fitted.labels_, minlength=params.facets), kind="stable")
    labels = np.argsort(order)[fitted.labels_]
    means = np.stack([codes[labels == at].mean(0) for at in range(params.facets)])
    return means.astype(np.float32), labels


def _as_seen(model: ModelHandle, images: UInt8[np.ndarray, "n s s 3"]) -> UInt8[np.ndarray, "n h w 3"]:
    return np.stack([model.view(Photo(image)).pixels for image in images])


def _between(codes: Float[np.ndarray, "n d"], group: Int[np.ndarray, " n"]) -> float:
    """Share of the variance that lies between groups."""
    means = np.stack([codes[group == at].mean(0) for at in range(int(group.max()) + 1)])
    middle = codes.mean(0)
    total = float(((codes - middle) ** 2).sum())
    return float(((means[group] - middle) ** 2).sum() / total) if total else 0.0
