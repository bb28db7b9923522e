"""From a network and inputs to signed maps, a whole batch at once."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from explainers.attribution.methods import cams
from explainers.attribution.methods.problem import Attribution, Problem
from explainers.kit.hooks import activations_and_gradients, grad_leaf, layer_activations, slope
from explainers.kit.linear_head import linear_head
from explainers.kit.targets import of_classes, of_top
from models import Layer, ModelHandle
from models.errors import UnfitError

NOISY, SIGMA = 8, 0.15


def activations_of(problem: Problem) -> tuple[Tensor, Tensor, Tensor]:
    """Activations, gradients (both (B, C, h, w)) and logits of a problem.

    Raises:
        UnfitError: every gradient at this layer is exactly zero.
    """
    rows = torch.arange(len(problem.x), device=problem.x.device)
    recorded = activations_and_gradients(
        problem.model.network,
        problem.where,
        problem.x,
        lambda output: problem.target.score(output, rows),
        problem.target.at,
    )
    check_gradients(problem.model, problem.where, recorded[1])
    return recorded


def weighed(activations: Tensor, weights: Tensor, logits: Tensor) -> Attribution:
    """The map that weights make of activations."""
    alpha = weights.mean((2, 3)) if weights.ndim == 4 else weights
    return Attribution(cams.signed_map(activations, weights), alpha, logits)


def by_gradient(formula: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Problem], Attribution]:
    """One forward pass, one backward pass down to the layer, then the formula."""

    def answer(problem: Problem) -> Attribution:
        problem.report(0.1, f"running {problem.model.card.title}")
        activations, gradients, logits = activations_of(problem)
        return weighed(activations, formula(activations, gradients), logits)

    return answer


def smooth(problem: Problem) -> Attribution:
    """Smooth Grad-CAM++: gradients of `NOISY` copies with Gaussian noise of `SIGMA` times the picture's range."""
    clean, _, logits = activations_of(problem)
    target = problem.target.resolve_top1(logits)
    generator = torch.Generator().manual_seed(int(problem.rng.integers(2**31)))
    spread = SIGMA * (problem.x.amax((1, 2, 3), keepdim=True) - problem.x.amin((1, 2, 3), keepdim=True))
    gradients = []
    for copy in range(NOISY):
        problem.report(copy / NOISY, f"noisy copy {copy + 1} of {NOISY}")
        noise = torch.randn(problem.x.shape[1:], generator=generator).to(problem.x)  # one for all pictures
        noisy = Problem(problem.model, problem.x + spread * noise, target, problem.where)
        gradients.append(activations_of(noisy)[1])
    return weighed(clean, cams.smooth_gradcam_plus_plus(clean, torch.stack(gradients)), logits)


def gradcam_maps(
    model: ModelHandle,
    x: Float[Tensor, "b colours y x"],
    targets: Int[Tensor, " b"] | None = None,
    layer: str | None = None,
    *,
    sign: int = 1,
) -> Attribution:
    """Grad-CAM of a batch (Selvaraju et al. 2017, equations 1 and 2, without the ReLU).

    Args:
        model: left exactly as found.
        x: normalised inputs.
        targets: class of each input; its own top class by default.
        layer: name; the last map before pooling by default.
        sign: -1 for the counterfactual (section 3.3): what opposes the class.

    Raises:
        UnfitError: every gradient at this layer is exactly zero.
    """
    target = of_top() if targets is None else of_classes(targets)
    activations, gradients, logits = activations_of(Problem(model, x, target, model.layer(layer)))
    return weighed(activations, cams.gradcam(activations, gradients * sign), logits)


def class_maps(
    model: ModelHandle, x: Float[Tensor, "1 colours y x"], classes: Sequence[int], layer: str | None = None
) -> Float[Tensor, "n h w"]:
    """Grad-CAM of one picture for many classes: one forward pass, then the head's own weights.

    Where the layer is followed by mean pooling and a linear head, dy_c/dA_k = w_ck / (h w) everywhere, so all maps are
    one matrix product (this is CAM, Zhou et al. 2016). Elsewhere each class costs one backward pass from the answer
    down to the layer.

    Raises:
        UnfitError: every gradient at this layer is exactly zero.
    """
    place, chosen = model.layer(layer), torch.tensor([model.card.check_target(index) for index in classes])
    with torch.no_grad():
        activation, logits = layer_activations(model.network, place, x)
    head = linear_head(model, activation, logits)
    if head is not None:
        weights = head.weight.detach()[chosen.to(x.device)] / (place.shape[1] * place.shape[2])
        return torch.einsum("nc,chw->nhw", weights.to(activation), activation[0])
    return _maps_by_backward(model, x, chosen, place)


def _maps_by_backward(model: ModelHandle, x: Tensor, classes: Tensor, layer: Layer) -> Tensor:
    maps = []
    with grad_leaf(model.network, layer.name) as seen:
        logits = model.network(x)
        leaf = seen.taken()
        for index in classes.tolist():
            maps.append(layer.as_map(slope(logits[0, index], leaf, layer.name, again=True)))
    gradients = torch.cat(maps)
    check_gradients(model, layer, gradients)
    maps_there = layer.as_map(leaf.detach()).expand_as(gradients)
    return cams.signed_map(maps_there, cams.gradcam(maps_there, gradients))


def check_gradients(model: ModelHandle, layer: Layer, gradients: Float[Tensor, "b c h w"]) -> None:
    """Refuse, in words, a layer where the answer no longer depends on any patch."""
    if bool(gradients.any()):
        return
    good = model.layer(None).name
    if layer.name == good:
        raise UnfitError(
            f"Nothing in this picture moves this answer at layer '{good}' (all gradients are exactly zero), as where"
            " the weights of a class are zero; choose another class or another picture."
        )
    raise UnfitError(
        f"At layer '{layer.name}' the answer no longer depends on the patches (all gradients are exactly zero),"
        f" as in the last block of a network that reads only its class token; choose '{good}'."
    )


def heatmap(cam: Float[np.ndarray, "h w"], size: tuple[int, int]) -> Float[np.ndarray, "y x"]:
    """What is drawn: ReLU, bilinear (align_corners=False) to ``size`` (rows, columns), divided by its maximum.

    A map that is negative everywhere gives zeros; the words beside it say so.
    """
    positive = torch.from_numpy(cam).clamp(min=0)[None, None]
    large = F.interpolate(positive, size=size, mode="bilinear", align_corners=False)[0, 0]
    top = float(large.max())
    return (large / top if top > 0 else large).numpy()
