"""Small networks that explain in milliseconds, and a way to see whether anything of them was changed."""

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import models
from models import ModelHandle, Photo

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
)


class BombError(RuntimeError):
    """What a network throws in the middle of its work."""


class Bomb(nn.Module):
    """Lets everything through until it is lit."""

    lit = False

    def forward(self, x: Tensor) -> Tensor:
        if self.lit:
            raise BombError
        return x * 1.0


class SmallCnn(nn.Module):
    """Two convolutions, in-place ReLUs, mean pooling, a linear head: enough for every method."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.stage = nn.Sequential(nn.Conv2d(8, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.bomb = Bomb()
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(6, classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.drop(self.bomb(self.stage(self.stem(x))).mean((2, 3))))
        return out


def seeded(network: nn.Module, seed: int = 0) -> nn.Module:
    """Fill with noise that keeps activations alive, without the global generator."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            scale = 0.1 if parameter.ndim <= 1 else (2 / max(1, parameter[0].numel())) ** 0.5
            parameter.copy_(noise * scale + (1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0))
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.1)
    return network.eval()


def small_cnn(seed: int = 0, classes: int = 5, size: int = 32) -> ModelHandle:
    """A handle of `SmallCnn` with fixed weights."""
    return models.wrap(seeded(SmallCnn(classes), seed), input_size=(3, size, size), device="cpu", name="small cnn")


def small_vit(seed: int = 0, **kwargs: Any) -> ModelHandle:
    """A ViT of two blocks with fixed weights."""
    from timm.models.vision_transformer import VisionTransformer

    facts = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3, "num_classes": 5, **kwargs}
    return models.wrap(seeded(VisionTransformer(**facts), seed), input_size=(3, 32, 32), device="cpu", name="small vit")


def photo(seed: int = 0, size: tuple[int, int] = (40, 48)) -> Photo:
    """A smooth random picture."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(*size, 3)), (3, 3, 0))
    return Photo(((noise - noise.min()) / np.ptp(noise) * 255).astype(np.uint8), f"noise {seed}")


def inputs(model: ModelHandle, batch: int = 2) -> Tensor:
    """Normalised inputs of a model, (batch, 3, H, W)."""
    return torch.stack([model.preprocess(photo(seed)) for seed in range(batch)])


def fingerprint(network: nn.Module) -> dict[str, Any]:
    """Everything about a network that nobody may change by explaining it."""
    seen: dict[str, Any] = {"grad mode": torch.is_grad_enabled(), "torch rng": digest(torch.get_rng_state())}
    seen["numpy rng"] = str(np.random.get_state())
    for name, module in network.named_modules():
        seen[name] = (
            id(module),
            type(module),
            module.training,
            sorted(module.__dict__),
            getattr(module, "inplace", None),
        )
        seen[f"{name} fused"] = getattr(module, "fused_attn", None)
        for hooks in HOOKS:
            seen[f"{name} {hooks}"] = [id(hook) for hook in getattr(module, hooks, {}).values()]
    for name, tensor in network.named_parameters():
        grad = None if tensor.grad is None else digest(tensor.grad)
        seen[f"{name} value"] = (id(tensor), digest(tensor), tensor.stride(), tensor.requires_grad, grad)
    for name, tensor in network.named_buffers():
        seen[f"{name} buffer"] = (id(tensor), digest(tensor), tensor.stride())
    return seen


def digest(tensor: Tensor) -> str:
    """SHA-256 of a tensor's values."""
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()


def marked(model: ModelHandle) -> ModelHandle:
    """The same model with traces that must survive: gradients, a frozen parameter, a hook, a memory layout."""
    model.network.to(memory_format=torch.channels_last)
    for index, parameter in enumerate(model.network.parameters()):
        parameter.grad = torch.full_like(parameter, 0.5)
        parameter.requires_grad_(index != 0)
    next(model.network.children()).register_forward_hook(lambda _module, _inputs, _output: None)
    return model
