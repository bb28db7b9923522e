"""What lies in a checkpoint: tables of tensors, wherever a training loop put them, and which of them fits a network.

Nothing is unpickled: torch reads under ``weights_only``, and the notes that training loops keep beside weights (their
arguments, paths, NumPy numbers) are read as `_Note`, which forgets whatever it is given. How names are prefixed is
measured: the ends of the names in the file are compared with the names in the network.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import safetensors.torch
import torch
from torch import Tensor

from models.errors import InputError

DEEP = 3  # tables inside tables that are looked into
# Notes that training loops keep beside weights; read as `_Note`, never as what they are called.
NOTES = (
    "argparse.Namespace",
    "pathlib.PosixPath",
    "pathlib._local.PosixPath",
    "pathlib.WindowsPath",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "numpy.dtypes.Float32DType",
    "numpy.dtypes.Float64DType",
    "numpy.dtypes.Int64DType",
)
_AVERAGED = re.compile(r"(^|[._])(ema|swa|avg|averaged?)([._]|$)")
_LOOSE = "num_batches_tracked"  # torch fills it in where an old file lacks it


class _Note:
    """Stands for a note: takes everything, does nothing."""

    def __init__(self, *_arguments: object, **_fields: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


@dataclass(frozen=True)
class Table:
    """Tensors by name.

    Attributes:
        where: keys that lead to it in the file, joined by dots; empty for the file itself.
        tensors: them.
    """

    where: str
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class Fit:
    """How a table fits a network when a prefix is taken off its names.

    Attributes:
        table: it.
        prefix: what is taken off.
        missing: names of the network that are not there.
        shaped: names whose shape is another one.
        others: names that do not begin with the prefix, or that the network has not.
    """

    table: Table
    prefix: str
    missing: tuple[str, ...]
    shaped: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every tensor of the network is there, in its shape."""
        return not self.missing and not self.shaped

    @property
    def averaged(self) -> bool:
        """Whether these are weights averaged over training, by what they are called."""
        return bool(_AVERAGED.search(f"{self.table.where}.{self.prefix}")) or "n_averaged" in self.table.tensors

    def state(self) -> dict[str, Tensor]:
        """Its tensors under the network's names."""
        start, others = len(self.prefix), set(self.others)
        return {name[start:]: value for name, value in self.table.tensors.items() if name not in others}

    def steps(self) -> tuple[str, ...]:
        """What was done to read it, in sentences; empty where nothing was."""
        count = len(self.state())
        return (
            *([f"The weights were read from '{self.table.where}' in the file."] if self.table.where else []),
            *([f"The prefix '{self.prefix}' was taken off {count} names."] if self.prefix else []),
            *(["They are averaged over training."] if self.averaged else []),
        )


def tables(path: Path, place: str = "cpu") -> tuple[Table, ...]:
    """Every table of tensors in a file, the largest first.

    Args:
        path: a .safetensors, .pt, .pth or .bin file.
        place: where the tensors go; on ``meta`` only their names and shapes are read.

    Raises:
        InputError: the file is damaged, or holds no table of tensors, or what only unpickling could read.
    """
    if path.suffix == ".safetensors":
        content: object = _safetensors(path, place)
    else:
        content = _pickled(path, place)
    known = sorted(_tables(content, "", DEEP), key=lambda table: -len(table.tensors))
    if not known:
        raise InputError(f"'{path.name}' holds something other than a table of tensors; save model.state_dict().")
    return tuple(known)


def fit(path: Path, network: Mapping[str, Tensor], place: str = "cpu") -> Fit:
    """The table of a file that fits a network, and the prefix that has to go.

    Args:
        path: the file.
        network: the network's own state; only names and shapes count.
        place: as in `tables`.

    Returns:
        The only one that fits; of several, the one averaged over training, as timm chooses too.

    Raises:
        InputError: none fits, and what differs; or several fit and nothing says which is meant.
    """
    candidates = [fit for table in tables(path, place) for fit in _fits(table, network)]
    whole = [fit for fit in candidates if fit.whole and not _strangers(fit, candidates, network)]
    chosen = [fit for fit in whole if fit.averaged] or whole
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        names = ", ".join(
            f"'{fit.table.where}.{fit.prefix}'".replace("'.", "'").replace(".'", "'") for fit in chosen[:4]
        )
        raise InputError(
            f"'{path.name}' holds {len(chosen)} networks that fit ({names}); save the one that is meant alone, with"
            " torch.save(model.state_dict(), ...)."
        )
    best = min(candidates, key=lambda fit: len(fit.missing) + len(fit.shaped) + len(fit.others) / 1000)
    raise InputError(f"The weights in '{path.name}' do not fit this architecture: {_difference(path, best, network)}")


def _safetensors(path: Path, place: str) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path, device="cpu") if place != "meta" else _shapes(path)
    except Exception as error:  # the format has errors of its own; all mean the same to a person
        raise _unreadable(path, error) from error


def _shapes(path: Path) -> dict[str, Tensor]:
    with safetensors.safe_open(path, framework="pt") as file:
        return {name: torch.empty(file.get_slice(name).get_shape(), device="meta") for name in file.keys()}  # noqa: SIM118


def _pickled(path: Path, place: str) -> object:
    with torch.serialization.safe_globals([(_Note, name) for name in NOTES]):
        try:
            return torch.load(path, map_location=place, weights_only=True)
        except Exception as error:  # damage has many names; all mean the same to a person
            raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    kinds = _classes(path)
    if "__torch__" in kinds:
        return InputError(
            f"'{path.name}' is a TorchScript program and only tensors are accepted; save its weights with"
            " torch.save(torch.jit.load(FILE).state_dict(), ...)."
        )
    if kinds:
        return InputError(
            f"'{path.name}' holds {kinds[0]} and only tensors are accepted, for anything else could run code; where it"
            " was made, save the weights alone: torch.save(model.state_dict(), ...)."
        )
    return InputError(
        f"'{path.name}' cannot be read as weights; only tensors are accepted, best as .safetensors"
        f" ({type(error).__name__})."
    )


def _classes(path: Path) -> tuple[str, ...]:
    """What else than tensors a file holds, by name; ``__torch__`` for a program. Nothing of it is made."""
    try:
        with ZipFile(path) as archive:
            if any(name.endswith("constants.pkl") for name in archive.namelist()):
                return ("__torch__",)
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # hostile bytes raise anything; that the file cannot be read is said by the caller
        return ()
    return tuple(sorted(set(names) - set(NOTES)))


def _tables(content: object, where: str, deep: int) -> Iterator[Table]:
    if not isinstance(content, Mapping):
        return
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if tensors:
        yield Table(where, tensors)
    for name, value in content.items() if deep else ():
        yield from _tables(value, f"{where}.{name}" if where else str(name), deep - 1)


def _fits(table: Table, network: Mapping[str, Tensor]) -> list[Fit]:
    """The table under every prefix after which most of the network's names follow."""
    counts: Counter[str] = Counter()
    for name in table.tensors:
        ends = [0, *(place.end() for place in re.finditer(r"\.", name))]
        counts.update(name[:end] for end in ends if name[end:] in network)
    most = max(counts.values(), default=0)
    prefixes = [prefix for prefix, count in counts.items() if count == most] or [""]
    return [_fit(table, prefix, network) for prefix in prefixes]


def _fit(table: Table, prefix: str, network: Mapping[str, Tensor]) -> Fit:
    under = {name[len(prefix) :]: value for name, value in table.tensors.items() if name.startswith(prefix)}
    missing = tuple(name for name in network if name not in under and not name.endswith(_LOOSE))
    shaped = tuple(name for name in network if name in under and under[name].shape != network[name].shape)
    others = tuple(name for name in table.tensors if not name.startswith(prefix) or name[len(prefix) :] not in network)
    return Fit(table, prefix, missing, shaped, others)


def _strangers(fit: Fit, candidates: list[Fit], network: Mapping[str, Tensor]) -> set[str]:
    """Names in the table that belong neither to this network nor to another copy of it, nor count what was averaged."""
    copies = [other.prefix for other in candidates if other.table is fit.table and other.whole]
    return set(fit.others) - {f"{prefix}{name}" for prefix in copies for name in network} - {"n_averaged"}


def _difference(path: Path, fit: Fit, network: Mapping[str, Tensor]) -> str:
    """What differs, with three examples, and what to do about it."""
    under, total = fit.state(), len(network)
    if fit.shaped and not fit.missing:
        name = fit.shaped[0]
        pairs = {name: (tuple(under[name].shape), tuple(network[name].shape)) for name in fit.shaped}
        example = f"{name} is {_by(pairs[name][0])} in the file and {_by(pairs[name][1])} in the network"
        return f"{_some(len(pairs), total, 'have another shape')} ({example}); {_remedy(path, pairs)}"
    if fit.missing:
        counted = f"{_some(len(fit.missing), total, 'are missing')} ({_three(fit.missing)})"
        instead = f" and {len(fit.others)} others are there ({_three(fit.others)})" if fit.others else ""
        return f"{counted}{instead}; write the architecture that they were saved from into '{path.stem}.json'."
    return (
        f"{len(fit.others)} more tensors lie beside those of the network ({_three(fit.others)}); where they are part of"
        " the answer, make the network in Python and give it to models.wrap, else save the network's alone."
    )


def _remedy(path: Path, pairs: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]) -> str:
    """What to write into the description, where the shapes tell it."""
    rows = {(theirs[:1], ours[:1]) for theirs, ours in pairs.values()}
    rest = all(theirs[1:] == ours[1:] for theirs, ours in pairs.values())
    if rest and len(rows) == 1:
        ((count,), _), *_ = rows
        return f"write \"num_classes\": {count} and as many names into '{path.stem}.json'."
    ((theirs, ours), *more) = pairs.values()
    if not more and len(theirs) == len(ours) == 4 and (theirs[0], theirs[2:]) == (ours[0], ours[2:]):
        return f'write "model_args": {{"in_chans": {theirs[1]}}} into \'{path.stem}.json\'.'
    return f"write the architecture and the model_args that they were saved from into '{path.stem}.json'."


def _some(count: int, total: int, what: str) -> str:
    return f"{count} of {total} tensors {what if count > 1 else what.replace('are', 'is').replace('have', 'has')}"


def _three(names: tuple[str, ...]) -> str:
    return ", ".join(name[:80] for name in names[:3]) + (", ..." if len(names) > 3 else "")


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
