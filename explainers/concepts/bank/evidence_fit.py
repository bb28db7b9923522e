"""How far concepts may stand for activations: what the network gets from them in place of its own.

A few images of the bank are read again. Their activations are compared with what the concepts rebuild, as clouds of
points (Frechet distance), and by what the network answers to them. Beside each stand the
same atoms with their channels shuffled, and nothing at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from explainers.base import Run, Score
from explainers.concepts.bank.learn import cells, encode, image_codes
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.bank.reload import reload
from explainers.kit import metrics
from explainers.kit.concept_curves import shown
from explainers.kit.dictionaries import Dictionary
from explainers.kit.importance.tail import pooled
from explainers.kit.tail import Activations, NetworkTail, activations_at

IMAGES, FEW_IMAGES = 16, 6
OF, SHUFFLED, NOTHING = "these concepts", "shuffled atoms", "no concepts"


def measure_fit(way: NetworkTail, params: ConceptsParams, bank: tuple[Any, Dictionary], run: Run) -> tuple[Score, ...]:
    """Frechet distance, logit gap, muFidelity and dead concepts; ``bank`` is one and its atoms."""
    result, atoms = bank
    run.report(0.66, "reading a few pictures again")
    many = min(len(result.codes), IMAGES if way.head is not None else FEW_IMAGES)
    few = np.linspace(0, len(result.codes) - 1, many).astype(int)
    pictures = reload(way.model, params, result, few.tolist())
    again = activations_at(way.model, way.layer, np.stack([picture.pixels for picture in pictures]))
    table = _Table(way, again, atoms, {OF: atoms, SHUFFLED: shuffled(atoms, run.rng)})
    scores = []
    for done, measure in enumerate((table.frechet, table.gap, table.dead)):
        run.report(0.7 + 0.05 * done, "comparing activations with what the concepts rebuild")
        scores.append(measure())
    run.report(0.9, "leaving out concepts at random")
    return (*scores, _mu_fidelity(way, (result, atoms, few), again.context, run))


def shuffled(atoms: Dictionary, rng: np.random.Generator) -> Dictionary:
    """The same atoms, the channels of each in an order of its own."""
    order = np.argsort(rng.random(atoms.atoms.shape), axis=1)
    filters = np.take_along_axis(atoms.filters, order, 1) if atoms.filters.size else atoms.filters
    return replace(atoms, atoms=np.take_along_axis(atoms.atoms, order, 1), filters=filters)


@dataclass(frozen=True)
class _Table:
    """Activations of a few images, and what each dictionary makes of them."""

    way: NetworkTail
    again: Activations
    atoms: Dictionary
    dictionaries: dict[str, Dictionary]

    @cached_property
    def _codes(self) -> dict[str, tuple[Dictionary, np.ndarray]]:
        """Codes of every dictionary; nothing is the first dictionary's codes, all zero."""
        codes = {name: (atoms, encode(atoms, self.again.maps)) for name, atoms in self.dictionaries.items()}
        return {**codes, NOTHING: (self.atoms, np.zeros_like(codes[OF][1]))}

    def _of(self, measure: Callable[[np.ndarray, np.ndarray], float]) -> dict[str, float]:
        """A measure of the activations, a row a place, and of what is rebuilt of them."""
        rows = cells(self.again.maps).reshape(-1, self.again.maps.shape[1])
        codes = self._codes
        return {name: measure(rows, atoms.decode(z.reshape(-1, atoms.k))) for name, (atoms, z) in codes.items()}

    def frechet(self) -> Score:
        """As a share of the distance to nothing."""
        values = self._of(metrics.frechet)
        whole = values[NOTHING] or 1.0
        value, other = values[OF] / whole, values[SHUFFLED] / whole
        return Score(
            name="frechet",
            title="Frechet distance of activations",
            value=value,
            of=OF,
            worst=1.0,
            best=0.0,
            baselines={SHUFFLED: other, NOTHING: float(values[NOTHING] > 0)},
            reading=f"As clouds of points, activations and what the concepts rebuild lie {value:.2f} of the way to"
            f" nothing apart; for shuffled atoms it is {other:.2f}.",
        )

    def gap(self) -> Score:
        """What the network answers to the rebuilt, beside its own answers."""
        gaps = {}
        for name, (atoms, z) in self._codes.items():
            images = pooled(z) if name == NOTHING else image_codes(atoms, self.again.maps, z)
            answers = self.way.logits(atoms, shown(self.way, z, images), self.again.context)
            gaps[name] = metrics.logit_gap(self.again.logits, answers)
        value = gaps.pop(OF)
        return Score(
            name="logit_gap",
            title="Logit gap",
            value=value,
            of=OF,
            baselines=gaps,
            best=0.0,
            worst=max(value, *gaps.values()),
            reading=f"From the concepts alone every class's logit is off by {value:.2f} on average, from shuffled atoms"
            f" by {gaps[SHUFFLED]:.2f}.",
        )

    def dead(self) -> Score:
        """Concepts that are active nowhere in these images."""
        counts = {name: metrics.dead(z.reshape(-1, atoms.k)) for name, (atoms, z) in self._codes.items()}
        k, many = self.atoms.k, len(self.again.maps)
        return Score(
            name="dead",
            title="Dead concepts",
            value=counts[OF] / k,
            of=OF,
            worst=1.0,
            best=0.0,
            baselines={SHUFFLED: counts[SHUFFLED] / k},
            reading=f"{counts[OF]} of {k} concepts {'is' if counts[OF] == 1 else 'are'} active nowhere in {many}"
            " images."
            if counts[OF]
            else f"Each of {k} concepts is active somewhere in {many} images.",
        )


def _mu_fidelity(way: NetworkTail, bank: tuple[Any, Dictionary, np.ndarray], context: np.ndarray, run: Run) -> Score:
    """Whether concepts left out at random lower the logit by the importance that they were given."""
    result, atoms, few = bank
    codes = shown(way, result.codes[few], result.image_codes[few])

    def logit(z: np.ndarray) -> np.ndarray:
        return np.asarray(way.logits(atoms, z, context)[:, result.cls])

    guessed = run.rng.standard_normal((len(few), atoms.k))
    value, other = (
        float(metrics.mu_fidelity(logit, codes, scores).mean()) for scores in (result.importance[few], guessed)
    )
    return Score(
        name="mu_fidelity",
        title="C-muFidelity",
        value=value,
        of=OF,
        baselines={"importance by lot": other},
        reading=f"When concepts are left out at random, the fall of the logit correlates with their importance by"
        f" {value:.2f}; with importance drawn by lot by {other:.2f}.",
    )
