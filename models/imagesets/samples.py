"""Photos for a first look: those of scikit-image that are free for every use and lie inside its package."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.errors import InputError
from models.imagesets.decode import open_upload
from models.imagesets.photo import Photo

# name: file, title, licence as scikit-image's own documentation states it; photos without such a statement stay out.
_KNOWN = {
    "chelsea": ("chelsea.png", "Chelsea, a tabby cat", "CC0, Stefan van der Walt"),
    "coffee": ("coffee.png", "A cup of coffee", "CC0, Rachel Michetti"),
    "rocket": ("rocket.jpg", "A Falcon 9 on its pad", "Public domain, SpaceX"),
    "astronaut": ("astronaut.png", "Eileen Collins, astronaut", "Public domain, NASA"),
    "camera": ("camera.png", "A man with a camera", "CC0, Lav Varshney"),
    "clock": ("clock_motion.png", "A wall clock, blurred by motion", "Public domain, Stefan van der Walt"),
    "horse": ("horse.png", "Silhouette of a horse", "CC0, Andreas Preuss"),
    "hubble": ("hubble_deep_field.jpg", "Hubble eXtreme Deep Field", "Public domain, NASA"),
    "brick": ("brick.png", "A brick wall", "CC0, CC0Textures"),
    "grass": ("grass.png", "Grass", "CC0, linolafett"),
    "gravel": ("gravel.png", "Gravel", "CC0, CC0Textures"),
}


@dataclass(frozen=True)
class Sample:
    """One photo of the gallery, not read yet.

    Attributes:
        name: how links and the command line call it.
        title: what it shows.
        licence: licence and author.
        path: its file in the installed package.
    """

    name: str
    title: str
    licence: str
    path: Path

    def photo(self) -> Photo:
        """Read and decode it; kept from the second call on."""
        return _read(self)


@lru_cache(maxsize=1)
def samples() -> tuple[Sample, ...]:
    """The gallery: every known photo whose file is on this machine; reads none of them."""
    spec = importlib.util.find_spec("skimage")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else Path()
    entries = (Sample(name, title, licence, folder / file) for name, (file, title, licence) in _KNOWN.items())
    return tuple(entry for entry in entries if entry.path.is_file())


def sample(name: str) -> Photo:
    """The photo of the gallery called ``name``.

    Raises:
        InputError: there is none; the text lists those there are.
    """
    for entry in samples():
        if entry.name == name:
            return entry.photo()
    raise InputError(f"There is no sample photo '{name}'; choose one of: {', '.join(s.name for s in samples())}.")


@lru_cache(maxsize=len(_KNOWN))
def _read(entry: Sample) -> Photo:
    return open_upload(entry.path.read_bytes(), entry.name)
