"""A generator as one safetensors file: its networks, where chains begin, and which classifier it draws for."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from models import weights
from models.checkpoints.trained import PREFIX
from models.errors import InputError, UnfitError
from models.generators import kept
from models.generators.nets import CodeDenoiser, Generator, PixelDenoiser
from models.generators.plan import Plan
from models.handle import ModelHandle
from models.training.file import write

KIND = "generator"
WEIGHTS = Path(__file__).parent / "weights"
NETS = ("generator", "code_denoiser", "pixel_denoiser")
RECORD = "record."


@dataclass(frozen=True)
class About:
    """What a file says of its generator beside its tensors.

    Attributes:
        base, base_sha256: the classifier's name in the zoo, and the digest of its weights.
        plan: sizes and layers.
        codes, channels: length of a code, channels of a picture.
        judge, judge_title, judge_sha256: the network whose features of real pictures are in the file; empty for none.
        facts: how it was trained, for people.
    """

    base: str
    base_sha256: str
    plan: Plan
    codes: int
    channels: int
    judge: str
    judge_title: str
    judge_sha256: str
    facts: dict[str, str]

    def to_header(self) -> dict[str, str]:
        """As the header of a safetensors file, which holds texts only."""
        return {"kind": KIND, "about": json.dumps(asdict(self))}

    @staticmethod
    def from_header(header: dict[str, str], name: str) -> "About":
        """What `to_header` wrote.

        Raises:
            InputError: the file is no generator, or damaged.
        """
        if header.get("kind") != KIND:
            raise InputError(f"'{name}' is no generator; `seewhy train generator` writes one.")
        try:
            written = json.loads(header["about"])
            plan = Plan(**{**written["plan"], "widths": tuple(map(int, written["plan"]["widths"]))})
            about = About(**{**written, "plan": plan})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"'{name}' is damaged; train the generator again, or copy the file again.") from error
        return about


@dataclass(frozen=True)
class Trained:
    """A generator, ready for use.

    Attributes:
        about: what its file says.
        generator, code_denoiser, pixel_denoiser: its networks, frozen; a denoiser that the file lacks changes nothing.
        record: what was measured: ``start`` (d, r), the directions in which codes of real pictures vary, each as long
            as they vary; ``losses`` (T, 4) of image, code, lower layer and discriminator; and, where a judge was there,
            ``real`` and ``learnt`` (n, f), its features of test and training pictures, ``real_labels`` (n,),
            ``learnt_labels`` and ``diversity`` (K,), how unlike two real pictures of a class are.
    """

    about: About
    generator: Generator
    code_denoiser: nn.Module
    pixel_denoiser: nn.Module
    record: dict[str, Tensor]

    @property
    def judge_title(self) -> str:
        """The title of the judge whose features are in the file; empty for none."""
        return self.about.judge_title

    def start(self, n: int, noise: torch.Generator) -> Float[Tensor, "n d"]:
        """Codes of the spread that codes of real pictures have: where chains begin."""
        directions = self.record["start"]
        draw = torch.randn(n, directions.shape[1], generator=noise, device=noise.device).to(directions.device)
        return self.generator.mean + draw @ directions.T


@lru_cache(maxsize=1)
def shipped() -> dict[str, Path]:
    """Files of the shipped generators, by the classifier that they draw for."""
    return {About.from_header(header(path), path.name).base: path for path in sorted(WEIGHTS.glob("*.safetensors"))}


def offered(digest: str) -> dict[str, About]:
    """Generators that were trained here for a classifier of these weights, by name."""
    known = {}
    for name in kept.names():
        path = kept.path_of(name)
        try:
            about = About.from_header(header(path), path.name)
        except InputError:  # no generator, or a torn file: nothing to offer
            continue
        if about.base_sha256 == digest:
            known[name] = about
    return known


def default_path(name: str, digest: str) -> Path | None:
    """The generator of a classifier where none is named: the shipped one, else the first that was trained here."""
    return shipped().get(name) or next(map(kept.path_of, offered(digest)), None)


def path_of(model: ModelHandle, file: str | None) -> Path:
    """The file that a person named, else the shipped one of a classifier, else the first that was trained here for it.

    Raises:
        UnfitError: none was named, and there is none for this classifier.
        InputError: no generator here has the name ``own/NAME``.
    """
    if file:
        return _named(file)
    if path := default_path(model.card.name, model.digest):
        return path
    raise UnfitError(
        f"There is no generator for {model.card.title}, which this prior needs: choose maco, fourier or none, or train"
        f" one (Train a generator, or `seewhy train generator --model {model.card.name} --images DIR --out FILE`)."
    )


def _named(file: str) -> Path:
    if not file.startswith(PREFIX):
        return Path(file)
    path = kept.path_of(file)
    if not path.is_file():
        names = ", ".join(kept.names()) or "none"
        raise InputError(f"There is no generator '{file}' here; there are: {names}.")
    return path


def stamp(file: str | None) -> str:
    """What decides what a choice of generator stands for: the digest of its file, or those of all that there are."""
    everything = [*sorted(WEIGHTS.glob("*.safetensors")), *map(kept.path_of, kept.names())]
    if file and file.startswith(PREFIX):
        everything = [kept.path_of(file)]
    elif file:
        everything = [Path(file)]
    return ",".join(weights.sha256(path) for path in everything if path.is_file())


def save(path: Path, about: dict[str, str], tensors: dict[str, np.ndarray]) -> None:
    """Write a generator in one piece.

    Args:
        path: ends in ``.safetensors``.
        about: the header, see `About.to_header`.
        tensors: of `train.Lesson.tensors`.

    Raises:
        StorageError: the file cannot be written.
    """
    write({name: torch.from_numpy(value) for name, value in tensors.items()}, path, about)


def header(path: Path) -> dict[str, str]:
    """The header of a safetensors file.

    Raises:
        InputError: it is none.
    """
    try:
        with safe_open(path, framework="pt") as opened:
            return dict(opened.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"'{path.name}' cannot be read as a generator; give the path of a .safetensors file."
        ) from error


def load(path: Path, model: ModelHandle) -> Trained:
    """A generator beside its classifier, on the same device.

    Raises:
        InputError: the file is no generator, damaged, or of another classifier.
    """
    about = About.from_header(header(path), path.name)
    if about.base_sha256 != model.digest:
        raise InputError(
            f"'{path.name}' draws for {about.base}, not for these weights of {model.card.title}: choose the model that"
            " it was trained for, or train a generator for this one."
        )
    with safe_open(path, framework="pt") as opened:
        tensors = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118 (no iterator)
    with torch.random.fork_rng(devices=[]):  # fresh layers draw weights, which the file's replace
        nets = {
            "generator": Generator(about.plan, about.codes, about.channels),
            "code_denoiser": CodeDenoiser(about.codes),
            "pixel_denoiser": PixelDenoiser(about.channels),
        }
    for name, net in nets.items():
        _fill(net, {key: value for key, value in tensors.items() if key.startswith(f"{name}.")}, name, path.name)
        net.to(model.device).eval().requires_grad_(False)
    record = {key.removeprefix(RECORD): value for key, value in tensors.items() if key.startswith(RECORD)}
    return Trained(about, **nets, record={key: value.to(model.device) for key, value in record.items()})  # type: ignore[arg-type]


def _fill(net: nn.Module, tensors: dict[str, Tensor], name: str, file: str) -> None:
    try:
        net.load_state_dict({key.removeprefix(f"{name}."): value for key, value in tensors.items()})
    except RuntimeError as error:
        raise InputError(f"'{file}' is damaged; train the generator again, or copy the file again.") from error
