"""The sparse head between prototypes and classes, fitted by FISTA."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import softmax

STEPS = 400
PENALTIES = (1e-2, 3e-3, 2e-3, 1e-3, 5e-4, 3e-4)


@dataclass(frozen=True)
class Scores:
    """Greatest similarities of pictures to prototypes, with the pictures' classes.

    Attributes:
        similarity: float (n, P).
        labels: int (n,).
    """

    similarity: Float[np.ndarray, "n p"]
    labels: Int[np.ndarray, " n"]

    def accuracy(self, weight: Float[np.ndarray, "k p"]) -> float:
        """Share of pictures whose greatest logit is their class's."""
        return float(((self.similarity @ weight.T).argmax(1) == self.labels).mean())

    def without(self, removed: Bool[np.ndarray, " p"]) -> "Scores":
        """The same, as if some prototypes were nowhere seen."""
        return Scores(np.where(removed, 0, self.similarity), self.labels)


def fit(
    scores: Scores,
    classes: int,
    penalty: float,
    start: Float[np.ndarray, "k p"] | None = None,
    allowed: Bool[np.ndarray, "k p"] | None = None,
) -> Float[np.ndarray, "k p"]:
    """Weights that minimise cross-entropy plus ``penalty`` times their absolute sum.

    FISTA (Beck and Teboulle 2009) with a restart whenever the loss rises (O'Donoghue and Candès 2015). Similarities are
    divided by their spread while fitting, so that one penalty suits all prototypes.

    Args:
        scores: what is fitted.
        classes: K.
        penalty: weight of the absolute sum.
        start: weights to begin with; zeros by default.
        allowed: where given, weights are 0 elsewhere and never negative: a scoring sheet.
    """
    spread = np.maximum(scores.similarity.std(0), 1e-6)
    x = (scores.similarity / spread).astype(np.float64)
    truth = np.eye(classes)[scores.labels]
    # The greatest curvature of softmax cross-entropy is half that of the squared loss (Böhning 1992).
    step = 2 * len(x) / max(float(np.linalg.norm(x, 2)) ** 2, 1e-12)
    weight = np.zeros((classes, x.shape[1])) if start is None else start * spread
    ahead, momentum, before = weight, 1.0, np.inf
    for _ in range(STEPS):
        gradient = (softmax(x @ ahead.T, axis=1) - truth).T @ x / len(x)
        following = _shrink(ahead - step * gradient, step * penalty, allowed)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / grown * (following - weight)
        loss = cross_entropy(x @ following.T, scores.labels) + penalty * float(np.abs(following).sum())
        if loss > before:
            ahead, grown = following, 1.0
        if abs(before - loss) < 1e-7 * max(1.0, loss):
            weight = following
            break
        weight, momentum, before = following, grown, loss
    return weight / spread


def _shrink(weight: np.ndarray, by: float, allowed: np.ndarray | None) -> np.ndarray:
    shrunk = np.sign(weight) * np.maximum(np.abs(weight) - by, 0)
    return shrunk if allowed is None else np.where(allowed, np.maximum(shrunk, 0), 0)


def cross_entropy(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> float:
    """Mean negative log-probability of the labels."""
    chance = softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chance, 1e-30)).mean())


def choose(
    train: Scores, validation: Scores, classes: int, allowed: Bool[np.ndarray, "k p"] | None = None
) -> tuple[Float[np.ndarray, "k p"], float]:
    """The head whose penalty gives the least cross-entropy on the validation pictures; and that penalty.

    Accuracy of a few hundred pictures is too coarse to choose by: it jumps by a point where cross-entropy hardly moves.
    """
    weight, tried = None, []
    for penalty in PENALTIES:  # from sparse to dense, each begins where the last ended
        weight = fit(train, classes, penalty, weight, allowed)
        tried.append((cross_entropy(validation.similarity @ weight.T, validation.labels), weight, penalty))
    _, chosen, best = min(tried, key=lambda candidate: candidate[0])
    return chosen, best


def linear_probe(
    learnt: tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]],
    unseen: tuple[Float[np.ndarray, "m d"], Int[np.ndarray, " m"]],
    seed: int = 0,
) -> float:
    """Accuracy of logistic regression on mean features: what the same features do without prototypes.

    Args:
        learnt: features and labels to learn from.
        unseen: those of pictures to name.
        seed: of the solver.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.1, random_state=seed))
    return float(probe.fit(*learnt).score(*unseen))
