"""Randomisation: the network is not touched, stages grow from the head, correlations are exact."""

import itertools

import numpy as np
import pytest
import torch

from explainers.evidence import cascade, rank_correlation
from explainers.evidence.sanity import Reweighted
from tests.explainers.nets import fingerprint, inputs, small_cnn

ROW = np.arange(6.0).reshape(2, 3)


def test_rank_correlation_is_spearmans() -> None:
    assert rank_correlation(ROW, ROW**3) == pytest.approx(1)
    assert rank_correlation(ROW, -ROW) == pytest.approx(-1)
    # Ranks 1..4 against 1,3,2,4: 1 - 6 * 2 / (4 * 15) = 0.8.
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])) == pytest.approx(0.8)


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), np.full((2, 3), np.nan)])
def test_maps_without_an_order_have_no_correlation(bad: np.ndarray) -> None:
    assert np.isnan(rank_correlation(ROW, bad))
    assert np.isnan(rank_correlation(bad, ROW))


def test_stages_replace_the_head_first_and_everything_last() -> None:
    network = small_cnn().network
    before, names = fingerprint(network), [name for name, _ in network.named_parameters()]
    changed = []

    def explain(other: Reweighted) -> np.ndarray:
        changed.append({n for n, t in network.named_parameters() if not torch.equal(other._weights.get(n, t), t)})
        return np.zeros((2, 2))

    assert len(list(cascade(network, explain, np.random.default_rng(0), 5))) == 5
    assert changed[0] == {"head.weight", "head.bias"}
    assert all(a < b for a, b in itertools.pairwise(changed))
    assert changed[-1] == set(names)
    assert fingerprint(network) == before


def test_draws_keep_mean_and_deviation_and_follow_the_seed() -> None:
    model = small_cnn()
    seen: list[dict] = []
    for seed in (0, 0, 1):
        list(cascade(model.network, lambda n: seen.append(dict(n._weights)), np.random.default_rng(seed), 1))
    drawn = seen[0]["stem.0.weight"]
    assert torch.equal(drawn, seen[1]["stem.0.weight"])
    assert not torch.equal(drawn, seen[2]["stem.0.weight"])
    assert float(drawn.std()) == pytest.approx(float(model.network.stem[0].weight.detach().std()), rel=0.2)


def test_other_weights_give_other_logits_and_hooks_still_see_the_network() -> None:
    model = small_cnn()
    x, network = inputs(model), model.network
    other = Reweighted(network, {"head.bias": network.head.bias.detach() + 1})
    torch.testing.assert_close(other(x), network(x) + 1)
    calls = []
    other.get_submodule("stage").register_forward_hook(lambda *_: calls.append(1))
    other(x)
    assert calls == [1]
    assert not list(other.children())
