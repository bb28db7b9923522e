"""DeepLIFT over whatever a network calls: the reference is run first, the picture beside what it left."""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels
from explainers.attribution.methods.rescale.pairs import Pair
from explainers.attribution.methods.rescale.rules import LINEAR, PRODUCTS, Rule, rule_of
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Call, Intercept
from models.errors import UnfitError

GAP, ROUNDING = 0.01, 1e-4
"""How far the shares may be from adding up: of the score's change, and of the sum of their sizes."""


def deep_lift(problem: Problem) -> Attribution:
    """DeepLIFT with the rescale rule, from the grey picture (Shrikumar et al. 2017, arXiv 1704.02685).

    Elementwise functions, modules or not, follow the rescale rule; products give each factor its Shapley value, so
    that attention, gates and normalisations are exact as well (`rules`). What is linear needs no rule.

    Raises:
        UnfitError: the shares do not add up to the score's change within 1%: the network has an operation without a
            rule.
    """
    problem.report(0.1, f"running {problem.model.card.title}")
    problem = _resolved(problem)
    start, network = problem.grey(), problem.model.network
    with frozen(network), torch.enable_grad():
        tape = Recorder()
        before = float(_score(problem, start, tape).detach())
        problem.report(0.4, "running the picture beside it")
        leaf, player = problem.x.detach().clone().requires_grad_(), Player(tape.values)
        score = _score(problem, leaf, player)
        (multipliers,) = torch.autograd.grad(score, leaf)
    values = (multipliers * (problem.x - start))[0].detach()
    _check(values, float(score.detach()) - before, player.missed)
    return of_pixels(values, start)


def _resolved(problem: Problem) -> Problem:
    if not problem.target.top:
        return problem
    with torch.no_grad():
        return replace(problem, target=problem.target.resolve_top1(problem.model.network(problem.x)))


def _score(problem: Problem, x: Float[Tensor, "1 colours y x"], mode: Intercept) -> Tensor:
    with mode:
        return problem.score(x if x.requires_grad else x.clone().requires_grad_())[0]


def _check(values: Tensor, change: float, missed: set[str]) -> None:
    total, size = float(values.double().sum()), float(values.double().abs().sum())
    if abs(total - change) <= max(GAP * abs(change), ROUNDING * size):
        return
    reason = f"it has no rule for {', '.join(sorted(missed))}" if missed else "an operation of it has no rule"
    raise UnfitError(
        f"DeepLIFT's shares add up to {total:.3g} where the score changes by {change:.3g}: {reason};"
        " choose integrated_gradients."
    )


@dataclass(eq=False)
class Recorder(Intercept):
    """Notes what every operation that has a rule is given for the reference, call by call.

    Attributes:
        values: of each call, what it was given that depends on the picture.
    """

    values: list[list[Tensor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, call: Call) -> None:
        """Note, and let the function itself answer."""
        if _rule(call) is not None:
            self.values.append([value.detach().clone() for value in call.tracked])


@dataclass(eq=False)
class Player(Intercept):
    """Answers every operation by its rule.

    Attributes:
        values: what `Recorder` noted.
        missed: names of functions that have no rule and are not known to be linear.
        place: how many calls were answered.
    """

    values: list[list[Tensor]]
    missed: set[str] = field(default_factory=set)
    place: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, call: Call) -> Tensor | None:
        """What the operation gives, with the rule in the graph.

        Raises:
            UnfitError: the network does other things for the reference.
        """
        rule = _rule(call)
        if rule is None:
            self._note(call)
            return None
        before = self._next(call.tracked)
        known = {id(now): Pair(now, value) for now, value in zip(call.tracked, before, strict=True)}
        paired = call.exchanged(lambda value: known[id(value)])
        result = rule(*paired.args, **paired.kwargs)
        if result is None:
            self._note(call)
        return None if result is None else result.now

    def _note(self, call: Call) -> None:
        if call.name not in LINEAR | PRODUCTS | {"div"}:  # these are linear in one factor
            self.missed.add(call.name)

    def _next(self, tracked: list[Tensor]) -> list[Tensor]:
        values = self.values[self.place] if self.place < len(self.values) else []
        self.place += 1
        if [value.shape for value in values] != [value.shape for value in tracked]:
            raise UnfitError(
                "DeepLIFT needs a network that does the same for every picture, and this one does not;"
                " choose integrated_gradients."
            )
        return values


def _rule(call: Call) -> Rule | None:
    return rule_of(call.name, call.function, len(call.tracked))
