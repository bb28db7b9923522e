"""Attribution of single pixels by gradients, and by captum where captum has the method."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Plain
from explainers.kit.restore import restore_after

SIGMA = 0.15


def gradients(problem: Problem, x: Float[Tensor, "n colours y x"]) -> Float[Tensor, "n colours y x"]:
    """dy/dx of each input; parameters are not recorded."""
    with frozen(problem.model.network), torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        with Plain():
            score = problem.score(leaf).sum()
        (gradient,) = torch.autograd.grad(score, leaf)
    return gradient


def saliency(problem: Problem) -> Attribution:
    """dy/dx (Simonyan et al. 2013), signed; by captum."""
    from captum.attr import Saliency

    return of_pixels(_captum(problem, lambda: Saliency(_score(problem)).attribute(_leaf(problem), abs=False)))


def input_x_gradient(problem: Problem) -> Attribution:
    """X * dy/dx (Shrikumar et al. 2016), x in the network's own units; by captum."""
    from captum.attr import InputXGradient

    return of_pixels(_captum(problem, lambda: InputXGradient(_score(problem)).attribute(_leaf(problem))))


def integrated_gradients(problem: Problem) -> Attribution:
    """(x - x0) * mean of dy/dx on the line from x0, the grey picture, to x (Sundararajan et al. 2017, equation 1).

    The mean is Gauss-Legendre quadrature, as in captum, without captum's overhead over the passes themselves.
    """
    start = problem.grey()
    nodes, weights = np.polynomial.legendre.leggauss(problem.samples)
    total, done = torch.zeros_like(problem.x[0]), 0
    for count in problem.chunks("step"):
        part = slice(done, done + count)
        along, weight = (
            torch.from_numpy(each[part] / 2).to(problem.x)[:, None, None, None] for each in (nodes + 1, weights)
        )
        total += (weight * gradients(problem, start + along * (problem.x - start))).sum(0)
        done += count
    return of_pixels((problem.x - start)[0] * total, start)


def _score(problem: Problem) -> Callable[[Tensor], Tensor]:
    def score(x: Tensor) -> Tensor:
        with Plain():
            return problem.score(x)

    return score


def _leaf(problem: Problem) -> Tensor:
    """A copy that gradients can be asked for, as captum wants it."""
    return problem.x.detach().clone().requires_grad_()


def _captum(problem: Problem, attribute: Callable[[], Tensor]) -> Float[Tensor, "colours y x"]:
    problem.report(0.1, f"running {problem.model.card.title}")
    with (
        restore_after(problem.model.network),
        frozen(problem.model.network),
        torch.enable_grad(),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Setting forward, backward hooks", UserWarning)  # `restore_after` sees to it
        return attribute()[0].detach()


def smoothgrad(problem: Problem) -> Attribution:
    """Mean of dy/dx over copies with Gaussian noise of 0.15 times the picture's range (Smilkov et al. 2017)."""
    spread = SIGMA * float(problem.x.max() - problem.x.min())
    total = torch.zeros_like(problem.x[0])
    for count in problem.chunks("noisy copy"):
        total += gradients(problem, problem.x + spread * problem.noise(count, *problem.x.shape[1:])).sum(0)
    return of_pixels(total / problem.samples)


def gradient_shap(problem: Problem) -> Attribution:
    """Expected gradients: mean of (x - x0) * dy/dx at a random point between x0 and x (Lundberg and Lee 2017).

    x0 is the grey picture with Gaussian noise of 0.15 times the picture's range. Ours, for captum draws from NumPy's
    global generator.
    """
    start, spread = problem.grey(), SIGMA * float(problem.x.max() - problem.x.min())
    total = torch.zeros_like(problem.x[0])
    for count in problem.chunks("random point"):
        first = start + spread * problem.noise(count, *problem.x.shape[1:])
        along = torch.from_numpy(problem.rng.random((count, 1, 1, 1), dtype=np.float32)).to(problem.x)
        total += ((problem.x - first) * gradients(problem, first + along * (problem.x - first))).sum(0)
    return of_pixels(total / problem.samples, start)
