"""LIME and kernel SHAP: a linear model of the score over which superpixels are shown, fitted with weights."""

import numpy as np
from jaxtyping import Bool, Float

from explainers.attribution.methods.problem import Attribution, Problem
from explainers.attribution.methods.superpixels.segments import Game, game_of

KERNEL_WIDTH, PENALTY = 0.25, 1.0  # as in the authors' own code for pictures


def lime(problem: Problem) -> Attribution:
    """Weights of a ridge regression of the score on which superpixels are shown (Ribeiro et al. 2016).

    Each is shown with probability 1/2; a sample weighs exp(-d^2 / .25^2), d the cosine distance from the whole picture.
    What is hidden turns grey. The paper chooses features by K-LASSO first; like its own code, this keeps all.
    """
    from sklearn.linear_model import Ridge

    game = game_of(problem)
    shown = problem.rng.random((problem.samples, game.players)) < 0.5
    shown[0] = True  # the picture itself, which weighs most
    distance = 1 - np.sqrt(shown.mean(1))  # the cosine of z and 1 is sqrt(|z| / K)
    model = Ridge(alpha=PENALTY).fit(shown, game.worth(shown), np.exp(-((distance / KERNEL_WIDTH) ** 2)))
    return game.attribution(model.coef_, complete=False)


def kernel_shap(problem: Problem) -> Attribution:
    """Shapley values of superpixels by weighted least squares (Lundberg and Lee 2017, theorem 2, arXiv 1705.07874).

    Where every coalition can be tried within the samples the values are exact. Elsewhere coalitions are drawn by the
    kernel's own weights, each with its complement (Covert and Lee 2021); the values add up to the score's change in
    either case.
    """
    game = game_of(problem)
    return game.attribution(shapley(game, problem.samples, problem.rng), complete=True)


def shapley(game: Game, samples: int, rng: np.random.Generator) -> Float[np.ndarray, " k"]:
    """Shapley values of the players, exact where ``samples`` suffice for all 2^K - 2 coalitions."""
    ends = game.worth(np.array([[False] * game.players, [True] * game.players]))
    if game.players == 1:
        return ends[1:] - ends[:1]
    exact = 2**game.players - 2 <= samples
    coalitions = all_coalitions(game.players) if exact else drawn(game.players, samples, rng)
    weights = kernel(coalitions) if exact else np.ones(len(coalitions))
    return constrained(coalitions, game.worth(coalitions) - ends[0], weights, float(ends[1] - ends[0]))


def all_coalitions(players: int) -> Bool[np.ndarray, "n k"]:
    """Every coalition but nobody and everybody."""
    numbers = np.arange(1, 2**players - 1)
    return (numbers[:, None] >> np.arange(players)) & 1 == 1


def kernel(coalitions: Bool[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """(K - 1) / (C(K, s) s (K - s)), s the size of the coalition; up to a factor, as long as s stays below 1000."""
    players, sizes = coalitions.shape[1], coalitions.sum(1)
    binomial = np.array([_binomial(players, int(size)) for size in range(players + 1)])
    return (players - 1) / (binomial[sizes] * sizes * (players - sizes))


def _binomial(n: int, k: int) -> float:
    return float(np.prod([(n - i) / (i + 1) for i in range(k)]))


def drawn(players: int, samples: int, rng: np.random.Generator) -> Bool[np.ndarray, "n k"]:
    """Coalitions drawn by the kernel, each followed by its complement."""
    sizes = np.arange(1, players)
    chance = 1 / (sizes * (players - sizes))
    half = rng.choice(sizes, (samples + 1) // 2, p=chance / chance.sum())
    ranks = rng.random((len(half), players)).argsort(1).argsort(1)
    some = ranks < half[:, None]
    return np.stack([some, ~some], 1).reshape(-1, players)[: max(2, samples)]


def constrained(
    shown: Bool[np.ndarray, "n k"], gains: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"], total: float
) -> Float[np.ndarray, " k"]:
    """The values with the least weighted squared error that add up to ``total``: the last one is taken as the rest."""
    table = shown.astype(np.float64)
    root = np.sqrt(weights)
    left = (table[:, :-1] - table[:, -1:]) * root[:, None]
    first = np.linalg.lstsq(left, (gains - table[:, -1] * total) * root, rcond=None)[0]
    return np.append(first, total - first.sum())
