"""Catch the functions that a network calls on its way, written as modules or not, and answer some of them otherwise."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

COMPOSITE = {"multi_head_attention_forward"}
"""Functions written in Python whose steps are caught one by one."""


@dataclass(frozen=True)
class Call:
    """One call of a torch function.

    Attributes:
        name: of the function, without the underscore of those that work in place: ``relu``, ``mul``, ``softmax``.
        function: what is called, working out of place.
        args, kwargs: what it is given.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tracked(self) -> list[Tensor]:
        """The tensors it is given that depend on the picture."""
        return [value for value in _tensors((*self.args, *self.kwargs.values())) if value.requires_grad]

    def plain(self) -> Any:
        """What the function gives."""
        result = self.function(*self.args, **self.kwargs)
        if self.name == "batch_norm" and result.requires_grad:
            # On a CPU its backward pass misreads gradients laid out as tokens are: transposed, of one picture.
            result.register_hook(Tensor.contiguous)
        return result

    def exchanged(self, exchange: Callable[[Tensor], object]) -> "Call":
        """The same call with another thing in place of each tensor that depends on the picture, in lists too."""

        def other(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return [other(part) for part in value] if _tensors(value) else value
            return exchange(value) if isinstance(value, Tensor) and value.requires_grad else value

        kwargs = {key: other(value) for key, value in self.kwargs.items()}
        return Call(self.name, self.function, tuple(other(value) for value in self.args), kwargs)


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    parts = [value if isinstance(value, list | tuple) else [value] for value in values]
    return [value for part in parts for value in part if isinstance(value, Tensor)]


class Intercept(TorchFunctionMode):
    """While it is on, `answer` is asked first for each call on a tensor that depends on the picture.

    A tensor depends on the picture if it asks for a gradient: parameters are frozen, the picture is the only leaf.
    """

    @abstractmethod
    def answer(self, call: Call) -> Tensor | None:
        """What the call gives; None for what the function itself gives."""

    def __torch_function__(
        self, func: Callable[..., Any], _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Torch's hook: called for each function, with this mode off."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").removeprefix("special_")  # torch.special.erf is torch.erf
        if name in COMPOSITE:
            with self:
                return _opened(func)(*args, **kwargs)
        call = _out_of_place(func, name, args, kwargs)
        result = self.answer(call) if call.tracked and name != "__setitem__" else None
        if result is None:
            return call.plain() if name == "batch_norm" else func(*args, **kwargs)
        if _in_place(name, kwargs):
            return args[0].copy_(result)
        return result


class Plain(Intercept):
    """Changes no function: for the gradients that torch itself gives, its slip in batch normalisation mended."""

    def answer(self, call: Call) -> None:
        """What the function itself gives."""


def _in_place(name: str, kwargs: Mapping[str, Any]) -> bool:
    return kwargs.get("inplace") is True or (name.endswith("_") and not name.endswith("__"))


def _out_of_place(func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """The call as one that changes nothing, on a copy of what will change."""
    if _in_place(name, kwargs):
        args = (args[0].clone(), *args[1:])
    if name.endswith("_") and not name.endswith("__"):
        name = name[:-1]
        known = (getattr(home, name, None) for home in (Tensor, F))
        func = next((plain for plain in known if callable(plain)), func)
    return Call(name, func, args, {key: value for key, value in kwargs.items() if key != "inplace"})


def _opened(func: Callable[..., Any]) -> Callable[..., Any]:
    """A Python function of torch that runs its steps rather than hand itself to the mode again."""
    if not isinstance(func, FunctionType):
        return func
    names = {**func.__globals__, "has_torch_function": lambda _tensors: False}
    return FunctionType(func.__code__, names, func.__name__, func.__defaults__, func.__closure__)


class _Valued(torch.autograd.Function):
    """One value forward, and back the gradient of another, times ``multiplier``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, multiplier: Tensor | None) -> Tensor:
        ctx.multiplier = multiplier
        return value.clone()  # not a view: what follows may work in place

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0] if ctx.multiplier is None else gradients[0] * ctx.multiplier, None, None


def valued(x: Tensor, value: Tensor, multiplier: Tensor | None = None) -> Tensor:
    """``value`` in the graph in the place of ``x``, of the same shape."""
    result: Tensor = _Valued.apply(x, value, multiplier)
    return result
