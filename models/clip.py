"""CLIP as a classifier: an image tower, and in place of a head the names of classes as the text tower reads them.

Radford et al. 2021, arXiv 2103.00020, section 3.1: logit_k = scale * cos(image, "a photo of a NAME_k."). The towers are
open_clip's, which the optional extra ``seewhy[clip]`` brings; their weights are read by us, and nothing is unpickled.
See `models.clip_cards` for how it becomes a model of the zoo.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from models import weights
from models.errors import InputError, UnfitError
from models.handle import ModelHandle

EMBEDS_AT = "visual"
PROMPT = "a photo of a {}."
BATCH = 64


class Reader:
    """A text tower that reads sentences; no part of the network that is explained, and never copied with it."""

    def __init__(self, text: Any, tokenizer: Any) -> None:
        self.text, self.tokenizer = text.eval().requires_grad_(False), tokenizer

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Reader":
        return self

    def __call__(self, sentences: Sequence[str]) -> Float[Tensor, "n d"]:
        """Embeddings of length 1.

        Raises:
            InputError: a sentence has more tokens than the tower reads.
        """
        for sentence in sentences:
            count, most = len(self.tokenizer.encode(sentence)) + 2, int(self.tokenizer.context_length)
            if count > most:
                raise InputError(f"The sentence has {count} tokens and the model reads {most}; shorten it.")
        rows = []
        with torch.inference_mode():
            for start in range(0, len(sentences), BATCH):
                rows.append(self._embed(self.tokenizer(list(sentences[start : start + BATCH]))))
        return torch.cat(rows).clone()

    def _embed(self, tokens: Tensor) -> Tensor:
        """Where no token sees a later one, those after the end change nothing: they are left away, which is 5x faster.

        The end is the token of the highest number.
        """
        tower, mask = self.text, self.text.attn_mask
        if (
            mask is None
            or tower.pool_type != "argmax"
            or tower.cls_emb is not None
            or getattr(tower, "use_pad_mask", False)
        ):
            return F.normalize(tower(tokens), dim=1)
        last = int(tokens.argmax(1).max()) + 1
        try:
            tower.attn_mask = mask[:last, :last]
            return F.normalize(tower(tokens[:, :last]), dim=1)
        finally:
            tower.attn_mask = mask


class Names(nn.Module):
    """The head: how well a picture fits each class's name."""

    scale: Tensor
    bias: Tensor

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count, width), requires_grad=False)
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("bias", torch.zeros(()))

    def forward(self, embedding: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Logits."""
        logits: Tensor = self.scale * F.normalize(embedding, dim=1) @ self.weight.T + self.bias
        return logits


class ZeroShot(nn.Module):
    """A classifier whose classes are sentences: pictures (N, 3, H, W) -> logits (N, K)."""

    def __init__(self, towers: Any, tokenizer: Any, count: int, width: int) -> None:
        super().__init__()
        self.visual = towers.visual
        self.names = Names(count, width)
        # Beside the network, not in it: it takes no part in what is explained.
        self.__dict__["reader"] = Reader(towers.text, tokenizer)

    def forward(self, x: Float[Tensor, "n 3 y x"]) -> Float[Tensor, "n k"]:
        """Logits."""
        logits: Tensor = self.names(self.visual(x))
        return logits

    def beside(self) -> tuple[Tensor, ...]:
        """The text tower's weights, which take memory too."""
        return tuple(self.__dict__["reader"].text.parameters())

    @property
    def num_prefix_tokens(self) -> int:
        """Tokens before the patches."""
        trunk = getattr(self.visual, "trunk", None)
        return int(getattr(trunk, "num_prefix_tokens", 0)) if trunk is not None else int(self._blocks() is not None)

    @property
    def default_layer(self) -> str:
        """Where a tower that gives its class token alone still reads patches; empty for any other tower."""
        trunk = getattr(self.visual, "trunk", None)
        if trunk is not None:
            reads_one = getattr(trunk, "global_pool", "") == "token" and hasattr(trunk, "blocks")
            return f"visual.trunk.blocks.{len(trunk.blocks) - 1}.norm1" if reads_one else ""
        blocks, pool = self._blocks(), getattr(self.visual, "pool_type", "")
        reads_one = blocks is not None and pool == "tok" and self.visual.attn_pool is None
        return f"visual.transformer.resblocks.{len(blocks) - 1}.ln_1" if blocks is not None and reads_one else ""

    def _blocks(self) -> nn.ModuleList | None:
        blocks: nn.ModuleList | None = getattr(getattr(self.visual, "transformer", None), "resblocks", None)
        return blocks


def is_clip(network: nn.Module) -> bool:
    """Whether a network reads words as well."""
    return isinstance(network, ZeroShot)


def sentence(model: ModelHandle, words: str) -> Float[Tensor, " d"]:
    """A sentence's embedding, of length 1, beside which the output of ``EMBEDS_AT`` can be held.

    Raises:
        InputError: the sentence is too long.
        UnfitError: the model reads no words.
    """
    return sentences(model, [words])[0]


def sentences(model: ModelHandle, words: Sequence[str]) -> Float[Tensor, "n d"]:
    """As `sentence`, of several at once."""
    reader: Reader = _clip(model).__dict__["reader"]
    return reader(words).to(model.device)


def pictures(model: ModelHandle, images: UInt8[np.ndarray, "n y x 3"]) -> Float[Tensor, "n d"]:
    """Embeddings of pictures, of length 1, beside which those of sentences can be held.

    Raises:
        UnfitError: the model reads no words.
    """
    network = _clip(model)
    batch = torch.stack([model.preprocess(image) for image in images]).contiguous(memory_format=model.memory_format)
    with torch.no_grad():
        return F.normalize(network.visual(batch), dim=1)


def _clip(model: ModelHandle) -> ZeroShot:
    if not isinstance(model.network, ZeroShot):
        raise UnfitError(
            f"{model.card.title} reads no words; choose a CLIP such as clip/ViT-B-32 (`pip install 'seewhy[clip]'`),"
            " or ask for a class, a neuron or a likeness."
        )
    return model.network


def build(config: dict[str, Any], count: int) -> nn.Module:
    """The network without weights, of open_clip's ``config``, for ``count`` classes; no call leaves this machine."""
    from open_clip.model import CustomTextCLIP
    from open_clip.tokenizer import SimpleTokenizer

    options = {name: value for name, value in deepcopy(config).items() if name != "custom_text"}
    options["vision_cfg"]["timm_model_pretrained"] = False
    text = options["text_cfg"]
    tokenizer = SimpleTokenizer(context_length=text.get("context_length", 77), **(text.get("tokenizer_kwargs") or {}))
    return ZeroShot(CustomTextCLIP(**options), tokenizer, count, int(options["embed_dim"]))


def filler(classes: tuple[str, ...]) -> Callable[[nn.Module, Path], None]:
    """What puts the weights of a file into a network, and then reads it the classes' names.

    It raises an `InputError` where the weights do not fit.
    """

    def fill(network: nn.Module, path: Path) -> None:
        if not isinstance(network, ZeroShot):
            raise TypeError("these weights are a CLIP's")
        reader: Reader = network.__dict__["reader"]
        state = _renamed(_bare(weights.read(path)))
        try:
            network.visual.load_state_dict(_part(state, "visual."), strict=True)
            reader.text.load_state_dict(_part(state, "text."), strict=True)
        except RuntimeError as error:
            reason = (str(error).splitlines()[1:2] or [str(error)])[0].strip().rstrip(".")[:200]
            words = (
                f"The weights in '{path.name}' do not fit this architecture: {reason}; correct 'architecture' or"
                f" 'model_cfg' in '{path.stem}.json'."
            )
            raise InputError(words) from error
        prompts = [PROMPT.format(name.split(",")[0]) for name in classes]
        with torch.no_grad():
            network.names.weight.copy_(reader(prompts))
            network.names.scale.fill_(float(state["logit_scale"].float().exp()) if "logit_scale" in state else 1.0)
            network.names.bias.fill_(float(state["logit_bias"]) if "logit_bias" in state else 0.0)

    return fill


def _bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without what a wrapper put before all of them: what stands before the picture tower's."""
    prefix = next((name.partition("visual.")[0] for name in state if "visual." in name), "")
    return _part(state, prefix) if all(name.startswith(prefix) for name in state) else state


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names of the newer layout, in which the text tower is a module of its own."""
    from open_clip.model import convert_to_custom_text_state_dict

    new: dict[str, Tensor] = convert_to_custom_text_state_dict(state) if "text_projection" in state else state
    return {name: tensor for name, tensor in new.items() if not name.endswith("attn_mask")}


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
