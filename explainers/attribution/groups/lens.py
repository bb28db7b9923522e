"""Groups asks whether the model looks at two groups of pictures for the same reasons.

A model that tells doctors from nurses may look at the face and the hair instead of the coat and the stethoscope
(Selvaraju et al. 2017, section 6.3). Set two groups against each other: those answered rightly and wrongly, two
classes, or two sources of pictures, with the badge and without. For one class, the mean map of each group says where
the model looks, their difference where it looks otherwise; and the channels are listed that give the class's score most
differently, with the patches that excite each of them.

Limits: a difference is no fault by itself: groups that look different are looked at differently. Mean maps say much
where the things stand in the same place, and little where they do not; read the channels then. The effect is in
deviations of this sample, and the strongest of many channels is large by chance alone: read the evidence. Names of
channels are the labels that the head's weights stand out for, not what they see.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from explainers.attribution.groups.collect import REGIONS, Collection
from explainers.attribution.groups.selection import FEWEST, GroupsParams, Selection, select
from explainers.attribution.groups.statistics import shuffled_effects
from explainers.attribution.neurons.importance import cohens_d, difference, named
from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.kit.crops import cut
from models import ModelHandle
from models.errors import InputError

FEW, PATCHES, DRAWS = 20, 4, 200
REACH = 0.25  # side of a patch, as a share of the picture's short side
LEAST, LARGE = 0.01, 0.8  # of a difference worth a word: share of the map, and deviations (Cohen 1988, "large")


@dataclass(frozen=True, kw_only=True)
class Groups(AboutClass, AtLayer):
    """Two groups, the first and the second, as the model looks at them for one class.

    Attributes:
        counts: int (2,), pictures.
        images: uint8 (2, H, W, 3), mean picture.
        maps: float32 (2, h, w), mean signed map, each picture's over its own largest value.
        difference: float32 (h, w), the first minus the second.
        neurons: int (n,), channels that differ most. effect: float64 (n,), Cohen's d, the first minus the second.
        crops: uint8 (n, 2, m, s, s, 3), patches that excite each channel most in each group.
        contribution: float32 (N, C), what each channel gives to the score. second: bool (N,), which group.
        answer: int (N,), what the model says.
        shares: float64 (N, P), share of the positive map that lies on each region; (N, 0) for photos.
        areas: float64 (N, P), share of the pixels that each region has.
        parts: float64 (2, P), mean of ``shares`` over each group.
        regions: the parts of the animals, the badge and the background; empty for photos.
        titles: of the groups. names: labels that each listed channel supports.
        cls, label, layer, split: what was asked.
        looked: how many images were looked at. skipped: files that could not be read, and why.
    """

    counts: np.ndarray
    images: np.ndarray
    maps: np.ndarray
    difference: np.ndarray
    neurons: np.ndarray
    effect: np.ndarray
    crops: np.ndarray
    contribution: np.ndarray
    second: np.ndarray
    answer: np.ndarray
    shares: np.ndarray
    areas: np.ndarray
    parts: np.ndarray
    regions: tuple[str, ...]
    titles: tuple[str, str]
    names: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    cls: int
    split: str
    looked: int
    skipped: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """The region that differs most where regions are known, else the channel."""
        few = f" Only {self.counts.min()} images are in the smaller group." if self.counts.min() < FEW else ""
        return f"{self._regions() if self.regions else self._channel()}{few}"

    def _regions(self) -> str:
        """The part of the animal, or the badge, that is looked at most differently, beyond how much of it is seen."""
        name = self.label.split(",")[0]
        # What a region holds beyond its share of the pixels; the background is what the others leave.
        excess = np.clip(self.shares - self.areas, 0, None)[:, :-1]
        first, second = excess[~self.second], excess[self.second]
        gap, effect = np.abs(first.mean(0) - second.mean(0)), np.abs(cohens_d(first, second))
        dense = np.abs(np.subtract(*self._density()))
        denser = [int(at) for at in np.argsort(-dense, kind="stable") if gap[at] >= LEAST and effect[at] >= LARGE]
        if not denser:
            both = " and ".join(f"{title} ({count})" for title, count in zip(self.titles, self.counts, strict=True))
            return f"No part is looked at differently for *{name}* in {both}."
        shares = " and ".join(self._held(group, denser[0]) for group in (0, 1))
        more = f"; the *{self.regions[denser[1]]}* differs too" if len(denser) > 1 else ""
        return f"The *{self.regions[denser[0]]}* is what differs: it holds {shares} of what supports *{name}*{more}."

    def _density(self) -> np.ndarray:
        """How many times its share of the pixels each region but the background holds of the map, (2, P - 1)."""
        areas = np.stack([self.areas[self.second == bool(group)].mean(0) for group in (0, 1)])
        return np.asarray(self.parts / np.where(areas > 0, areas, np.inf))[:, :-1]

    def _held(self, group: int, at: int) -> str:
        """What a region holds in one group."""
        times = self._density()[group, at]
        seen = f"{times:.1f} times its share of the pixels" if times else "where it is not there"
        return f"{self.parts[group, at]:.0%} in {self.titles[group]} ({seen})"

    def _channel(self) -> str:
        """The channel that gives the score most differently."""
        name, (one, other) = self.label.split(",")[0], self.titles
        speaks = f", which supports *{self.names[0][0]}*," if self.names[0] else ""
        more = one if self.effect[0] > 0 else other
        return (
            f"Channel {self.neurons[0]} of {self.layer}{speaks} differs most between {one} ({self.counts[0]}) and"
            f" {other} ({self.counts[1]}): it gives more to *{name}* in {more} (d = {abs(self.effect[0]):.1f})."
        )


def against_chance(_model: ModelHandle, _params: GroupsParams, result: Groups, run: Run) -> Evidence:
    """What groups dealt out at random reach, and whether one half of the pictures says what the other says."""
    run.report(0.1, "dealing the groups out at random")
    given = result.contribution.astype(np.float64)
    chance = shuffled_effects(given, ~result.second, run.rng, DRAWS)
    largest, usual = float(np.abs(result.effect).max()), float(np.quantile(chance, 0.95))
    fewest = int(result.counts.min())
    few = f" {fewest} images in a group are few: {FEW} or more are steadier." if fewest < FEW else ""
    run.report(0.7, "comparing one half with the other")
    strongest = Score(
        name="strongest",
        title="Strongest difference",
        value=largest,
        best=max(largest, float(chance.max())),
        baselines={"shuffled groups": float(chance.mean())},
        of="these groups",
        interval=(float(np.quantile(chance, 0.025)), float(np.quantile(chance, 0.975))),
        reading=f"The strongest of {given.shape[1]} channels differs by {largest:.1f} deviations; groups dealt out at"
        f" random reach {usual:.1f} in one of twenty deals.{few}",
    )
    return Evidence(scores=(strongest, _halves(given, result.second, run)))


def _halves(given: Float[np.ndarray, "n c"], second: np.ndarray, run: Run) -> Score:
    """Rank correlation of the channels' effects in two halves of the pictures, and of shuffled groups."""
    repeated, chance = (_repeats(given, each, run) for each in (second, run.rng.permutation(second)))
    words = "the same channels differ in both" if repeated > 0.5 else "the list of channels is unsteady"
    return Score(
        name="halves",
        title="Repeats in halves",
        value=repeated,
        worst=-1.0,
        baselines={"shuffled groups": chance},
        of="these groups",
        reading=f"Two halves of the images order the channels alike to a rank correlation of {repeated:.2f}: {words}."
        if np.isfinite(repeated)
        else "Cannot be measured: too few images, or channels that never vary.",
    )


def _repeats(given: Float[np.ndarray, "n c"], second: np.ndarray, run: Run, times: int = 10) -> float:
    correlations = []
    for _ in range(times):
        half = np.zeros(len(second), dtype=bool)
        for group in (False, True):
            members = run.rng.permutation(np.flatnonzero(second == group))
            half[members[: len(members) // 2]] = True
        parts = [[given[(half == side) & (second == group)] for group in (False, True)] for side in (False, True)]
        if min(len(group) for pair in parts for group in pair) >= FEWEST:
            effects = [cohens_d(*pair) for pair in parts]
            varies = all(np.ptp(each) > 0 for each in effects)
            correlations.append(float(spearmanr(*effects).statistic) if varies and len(effects[0]) > 1 else np.nan)
    return float(np.mean(correlations)) if correlations else float("nan")


@explainer("Groups", paper="https://arxiv.org/abs/1610.02391", evidence=against_chance)
def groups(model: ModelHandle, params: GroupsParams, run: Run) -> Groups:
    """Set two groups of pictures against each other; see the module's docstring."""
    run.report(0.0, "looking for the images")
    model.card.check_target(params.cls)
    layer = model.layer(params.layer).name
    selected = select(model, params)
    collection, count = Collection(model, params.cls, layer, selected), len(selected.items)
    for tried in collection.collect():
        run.report(0.02 + 0.78 * tried / count, f"{tried} of {count} images")
    second = collection.second(by_answer=params.split == "answer")
    if min(int(second.sum()), int((~second).sum())) < FEWEST:
        raise InputError(_too_few(selected, second, params))
    return _result(model, params, selected, collection, run)


def _too_few(selected: Selection, second: np.ndarray, params: GroupsParams) -> str:
    counts = (int((~second).sum()), int(second.sum()))
    counted = " and ".join(f"{count} {title}" for count, title in zip(counts, selected.titles, strict=True))
    remedy = "raise the limit, or choose another class" if params.split == "answer" else "add images"
    return f"Two groups need {FEWEST} images each, and there are {counted}; {remedy}, or other groups."


def _result(model: ModelHandle, params: GroupsParams, selected: Selection, collection: Collection, run: Run) -> Groups:
    by_answer = params.split == "answer"
    second = collection.second(by_answer=by_answer)
    counts = np.array([int((~second).sum()), int(second.sum())])
    maps, given = collection.array("maps"), collection.array("given")
    channels = difference((maps[~second], maps[second]), (given[~second], given[second]), params.count)
    labels, head = model.card.labels, collection.statistics[0].head
    known = len(collection.shares) == len(second)
    shares, areas = np.array(collection.shares).swapaxes(0, 1) if known else np.zeros((2, len(second), 0))
    return Groups(
        counts=counts,
        images=collection.mean_pictures(counts, by_answer=by_answer),
        maps=channels.maps,
        difference=channels.maps[0] - channels.maps[1],
        neurons=np.array(channels.neurons),
        effect=channels.effect,
        crops=_patches(collection, channels.neurons, second, run),
        contribution=given.astype(np.float32),
        second=second,
        answer=collection.array("logits").argmax(1),
        shares=shares,
        areas=areas,
        parts=np.stack([shares[~second].mean(0), shares[second].mean(0)]),
        regions=REGIONS if shares.shape[1] else (),
        titles=selected.titles,
        names=tuple(named(head, index, labels) for index in channels.neurons),
        files=tuple(item.name for item in collection.items),
        cls=params.cls,
        label=labels[params.cls],
        layer=collection.layer,
        split=params.split,
        looked=collection.reader.tried,
        skipped=tuple(collection.reader.skipped),
    )


def _patches(collection: Collection, neurons: tuple[int, ...], second: np.ndarray, run: Run) -> np.ndarray:
    """(n, 2, m, s, s, 3): where each channel is strongest, in the pictures of each group that excite it most."""
    peak, cell = collection.array("peak"), collection.array("cell")
    grid = collection.statistics[0].maps.shape[1:]
    many = min(PATCHES, int(second.sum()), int((~second).sum()))
    rows = []
    for done, index in enumerate(neurons):
        run.report(0.82 + 0.16 * done / len(neurons), f"patches of channel {index}")
        for group in (False, True):
            members = np.flatnonzero(second == group)
            best = members[np.argsort(-peak[members, index], kind="stable")[:many]]
            rows += [
                cut(collection.items[i].read().pixels, divmod(int(cell[i, index]), grid[1]), grid, REACH) for i in best
            ]
    side = rows[0].shape[0]
    return np.stack(rows).reshape(len(neurons), 2, many, side, side, 3)
