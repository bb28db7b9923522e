"""What a network's answer is made of, and the same network with logits for an answer."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.errors import InputError
from models.examination.findings import Answers, Findings

CLOSE = 1e-3
VIEWS = ("View", "Squeeze", "Unsqueeze", "Reshape", "ToCopy", "Clone", "Alias", "Select", "Slice", "Cat", "Expand")
SCALED = ("Mul", "Div")
SAFE = ("Clamp", "Minimum", "Maximum")  # what keeps a probability from 0 and 1


def kind_of(answer: Float[Tensor, "1 k"], rows: Float[Tensor, "n k"]) -> Answers:
    """What an answer is made of.

    Args:
        answer: with its graph; the operation that ends it tells a sigmoid from logits that happen to be small.
        rows: answers to several pictures.
    """
    between = bool((rows >= 0).all() and (rows <= 1).all())
    if rows.shape[1] > 1 and between and bool(((rows.sum(1) - 1).abs() < CLOSE).all()):
        return "probabilities"
    if rows.shape[1] > 1 and bool((rows.logsumexp(1).abs() < CLOSE).all()):
        return "log-probabilities"
    return "yes-no probabilities" if between and _last(answer).startswith("Sigmoid") else "logits"


def check(answer: Float[Tensor, "1 k"], name: str) -> Float[Tensor, "1 k"]:
    """The answer; refused are those that are no logits and cannot be turned into them, by the operations at their end.

    Raises:
        InputError: probabilities times a number, as per cent, or a softmax over one class.
    """
    last = _last(answer)
    if last.startswith("Softmax") and answer.shape[1] == 1:
        raise InputError(
            f"{name} ends in a softmax over one class, which is 1 for every picture; let it end in the logit or in a"
            " sigmoid."
        )
    factor = last.startswith(SCALED) and [step for step, _ in _step(answer).next_functions if step is not None]
    if factor and len(factor) == 1 and factor[0].name().startswith(("Softmax", "Sigmoid")):
        raise InputError(
            f"{name} answers with probabilities times a number, as per cent; let it return them as they are, from 0"
            " to 1."
        )
    return answer


def _last(answer: Tensor) -> str:
    """Name of the last operation that computes, behind those that only arrange or keep within bounds."""
    step = _step(answer)
    return "" if step is None else str(step.name())


def _step(answer: Tensor) -> Any:
    step: Any = answer.grad_fn
    while step is not None and step.name().startswith(VIEWS + SAFE) and step.next_functions:
        step = step.next_functions[0][0]
    return step


class Logits(nn.Module):
    """A network whose answer is turned into logits; its modules, parameters and names are the network's own."""

    def __init__(self, network: nn.Module, answers: Answers) -> None:
        super().__init__()
        self.__dict__["_inner"], self._answers = network, answers
        if isinstance(network, torch.jit.ScriptModule):
            self.network = network
        else:
            for table in ("_modules", "_parameters", "_buffers"):
                self.__dict__[table] = getattr(network, table)
        self.eval()

    def forward(self, x: Tensor) -> Float[Tensor, "b k"]:
        """Logits: of probabilities the logarithm, of yes-no probabilities the log odds, of one logit both sides."""
        answer: Tensor = self.__dict__["_inner"](x)
        if self._answers == "probabilities":
            answer = answer.clamp(min=torch.finfo(answer.dtype).tiny).log()
        elif self._answers == "yes-no probabilities":
            answer = answer.clamp(1e-7, 1 - 1e-7).logit()
        return torch.cat([answer, -answer], 1) if answer.shape[1] == 1 else answer

    def __getattr__(self, name: str) -> Any:
        """What the network itself has."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["_inner"], name)


def with_logits(network: nn.Module, findings: Findings) -> nn.Module:
    """The network itself where it answers with logits or their like; else a view of it that does."""
    plain = findings.answers in ("logits", "log-probabilities") and findings.count > 1
    return network if plain else Logits(network, findings.answers)
