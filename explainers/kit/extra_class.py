"""One class more: the last linear layer of a network fitted anew on cached features, the rest left as it is."""

from copy import deepcopy

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from torch import nn

import models
from explainers.kit.penultimate import LastLayer
from models import ModelHandle

STEPS = 200


def fit(
    features: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    start: Float[np.ndarray, "k d1"],
    pull: int | float,
) -> Float[np.ndarray, "k d1"]:
    """Weights that minimise mean cross-entropy plus ``pull / 2`` times the squared distance to where they began.

    Args:
        features: of the pictures.
        labels: their classes, 0 to k - 1.
        start: weights with the bias as the last column; a row of zeros for a class that is new.
        pull: keeps what the network knows of classes that have no picture here.

    Returns:
        Weights of the same shape, by L-BFGS; the problem has one minimum.
    """
    x = np.concatenate([features, np.ones((len(features), 1))], 1).astype(np.float64)
    truth = np.eye(len(start))[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight = flat.reshape(start.shape)
        logits, away = x @ weight.T, weight - start
        value = -(truth * log_softmax(logits, axis=1)).sum() / len(x) + pull / 2 * (away**2).sum()
        gradient = (softmax(logits, axis=1) - truth).T @ x / len(x) + pull * away
        return float(value), gradient.ravel()

    result = minimize(loss, start.astype(np.float64).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return result.x.reshape(start.shape)


def beginning(layer: LastLayer) -> Float[np.ndarray, "k1 d1"]:
    """The layer's weights with the bias as the last column, and a row of zeros for one class more."""
    weight = layer.module.weight.detach().float().cpu().numpy()
    bias = np.zeros(len(weight)) if layer.module.bias is None else layer.module.bias.detach().float().cpu().numpy()
    table = np.concatenate([weight, bias[:, None]], 1)
    return np.concatenate([table, np.zeros((1, table.shape[1]))])


def with_head(model: ModelHandle, layer: LastLayer, weight: Float[np.ndarray, "k d1"], extra: str) -> ModelHandle:
    """A copy of the model whose last layer has these weights, the bias as the last column, and one class more.

    Args:
        model: left as it is.
        layer: its last layer.
        weight: of the new one.
        extra: name of the new class.
    """
    network = deepcopy(model.network)
    head = nn.utils.skip_init(nn.Linear, weight.shape[1] - 1, len(weight))  # no draw from torch's generator
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight[:, :-1]))
        head.bias.copy_(torch.from_numpy(weight[:, -1]))
    network.set_submodule(layer.name, head.to(model.device).requires_grad_(False).eval())
    card = model.card
    return models.wrap(
        network,
        input_size=card.input_size,
        mean=card.mean,
        std=card.std,
        labels=(*card.labels, extra),
        name=card.name,
        device=str(model.device),
    )
