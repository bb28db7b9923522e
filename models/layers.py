"""Which places inside a network can be looked at: every module whose output is a map over the image."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

Layout = Literal["nchw", "nhwc", "tokens"]
TOWERS = ("visual.transformer.", "visual.trunk.", "visual.")  # in which a CLIP keeps its stages and blocks


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One place to look at.

    Attributes:
        name: dotted module name, as in ``network.get_submodule(name)``.
        shape: channels, rows and columns of its map.
        layout: how the module lays its output out.
        prefix: tokens before the patches (class, distillation, registers); 0 for maps.
        main: whether it is the output of a stage or block, rather than a part of one.
        default: whether it is the last map before pooling that still carries a gradient.
    """

    name: str
    shape: tuple[int, int, int]
    layout: Layout
    prefix: int = 0
    main: bool = False
    default: bool = False

    def as_map(self, output: Tensor) -> Tensor:
        """Bring the module's output, or a gradient of its shape, to (B, C, h, w) without copying."""
        if self.layout == "nchw":
            return output
        if self.layout == "nhwc":
            return output.permute(0, 3, 1, 2)
        _, h, w = self.shape
        patches: Tensor = output[:, self.prefix :].unflatten(1, (h, w))
        return patches.permute(0, 3, 1, 2)


@contextmanager
def watching(network: nn.Module, seen: dict[str, tuple[int, ...]]) -> Iterator[None]:
    """Note in ``seen``, in the order they finish, the output shape of every module that gives one tensor."""

    def note(name: str) -> object:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            seen.pop(name, None)
            if isinstance(output, Tensor):
                seen[name] = tuple(output.shape)

        return hook

    handles = [
        module.register_forward_hook(note(name))
        for name, module in network.named_modules()
        if name and not isinstance(module, nn.Identity | nn.Dropout)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def find_layers(network: nn.Module, probe: Tensor) -> tuple[Layer, ...]:
    """List the layers of ``network`` in the order they finish, the likely default one marked.

    For a network that is not loaded: by shapes alone, for on the meta device there are no values that could show which
    cells move and where the gradient is zero. What is explained is a network that was examined, whose layers and
    default are measured (`models.examination`) and replace these on its card.

    Args:
        network: in eval mode; may live on the meta device, where this costs no arithmetic.
        probe: one input (1, 3, H, W) on the network's device.
    """
    seen: dict[str, tuple[int, ...]] = {}
    with watching(network, seen), torch.no_grad():
        network(probe)
    layers = layers_of_shapes(network, seen, (int(probe.shape[2]), int(probe.shape[3])))
    likely = _likely_default(network, layers)
    return tuple(replace(layer, default=layer.name == likely) for layer in layers)


def layers_of_shapes(
    network: nn.Module,
    shapes: dict[str, tuple[int, ...]],
    size: tuple[int, int],
    prefixes: Mapping[int, int] | None = None,
) -> tuple[Layer, ...]:
    """The layers whose outputs for one picture are shaped like maps over it; none is the default yet.

    Args:
        network: whose modules they are.
        shapes: of each output, in the order they finish.
        size: rows and columns of the picture.
        prefixes: tokens before the patches, by the number of all tokens, where that was measured.
    """
    likely = _likely(network)

    def known(tokens: int) -> tuple[int, ...]:
        return likely if prefixes is None or tokens not in prefixes else (prefixes[tokens],)

    layers = [layer for name, shape in shapes.items() if (layer := _layer(name, shape, size, known))]
    tower = _tower(network)
    return tuple(replace(layer, main=_is_main(layer.name, tower)) for layer in layers)


def _tower(network: nn.Module) -> str:
    """Prefix of the module that holds nearly all others, where somebody wrapped a whole network in one of their own."""
    prefix, inside = "", network
    while True:
        count = len(list(inside.modules()))
        large = [
            (name, child)
            for name, child in inside.named_children()
            if len(list(child.modules())) > 0.8 * count and not isinstance(child, nn.Sequential | nn.ModuleList)
        ]
        if not large:
            return prefix
        prefix, inside = f"{prefix}{large[0][0]}.", large[0][1]


def _layer(
    name: str, shape: tuple[int, ...], size: tuple[int, int], prefixes: Callable[[int], Iterable[int]]
) -> Layer | None:
    if len(shape) == 4 and shape[0] == 1:
        layout = _layout(shape, size)
        channels, h, w = shape[1:] if layout == "nchw" else (shape[3], shape[1], shape[2])
        return Layer(name=name, shape=(channels, h, w), layout=layout) if layout and h * w > 1 else None
    if len(shape) == 3 and shape[0] == 1:
        for h, w, prefix in grids(shape[1], size, prefixes(shape[1])):
            return Layer(name=name, shape=(shape[2], h, w), layout="tokens", prefix=prefix)
    return None


def _layout(shape: tuple[int, ...], size: tuple[int, int]) -> Layout | None:
    """Channels first unless only the other reading keeps the picture's aspect (Swin gives channels last)."""
    if _same_aspect((shape[2], shape[3]), size):
        return "nchw"
    return "nhwc" if _same_aspect((shape[1], shape[2]), size) else None


def _same_aspect(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    # A stride may round a side up or down by one cell.
    return abs(grid[0] * size[1] - grid[1] * size[0]) < max(size) and grid[0] <= size[0] and grid[1] <= size[1]


def grids(tokens: int, size: tuple[int, int], prefixes: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    """Rows, columns and prefix tokens that a sequence may have: those whose rest has the picture's aspect.

    Args:
        tokens: how many.
        size: rows and columns of the picture.
        prefixes: counts of tokens before the patches that are thought of, the likeliest first.
    """
    for extra in prefixes:
        patches = tokens - extra
        tall = [h for h in range(2, patches // 2 + 1) if patches % h == 0 and _same_aspect((h, patches // h), size)]
        if tall:
            h = min(tall, key=lambda rows: abs(rows * size[1] - patches // rows * size[0]))
            yield h, patches // h, extra


def _likely(network: nn.Module) -> tuple[int, ...]:
    """Counts of prefix tokens, of a network that nobody has run: what it says of itself, then the usual ones."""
    return tuple(dict.fromkeys((int(getattr(network, "num_prefix_tokens", 0)), 0, 1, 2, 5)))


def _likely_default(network: nn.Module, layers: tuple[Layer, ...]) -> str:
    """The last map before pooling; one step earlier where the head reads only the class token.

    There the last block's attention is the last place where patches are read, so everything after it
    has a gradient of exactly zero at every patch.
    """
    names = [layer.name for layer in layers]
    if not names:
        return ""
    if (named := getattr(network, "default_layer", "")) in names:  # a network of two towers knows its own
        return str(named)
    blocks = getattr(network, "blocks", None)
    if layers[-1].prefix and getattr(network, "global_pool", "token") in ("token", "") and blocks is not None:
        return next(n for n in (f"blocks.{len(blocks) - 1}.norm1", f"blocks.{len(blocks) - 2}", names[0]) if n in names)
    return names[-1]


def _is_main(name: str, tower: str = "") -> bool:
    known = next((prefix for prefix in TOWERS if name.startswith(prefix)), "")
    prefix = tower if len(tower) > len(known) and name.startswith(tower) else known
    parts = name.removeprefix(prefix).split(".")
    return len(parts) == 1 or (len(parts) == 2 and parts[1].isdigit()) or parts[2:] in (["norm1"], ["ln_1"])


def is_attention(module: nn.Module) -> bool:
    """Whether it is a block whose attention can be read, as timm writes them."""
    return hasattr(module, "attn_drop") and hasattr(module, "fused_attn")
