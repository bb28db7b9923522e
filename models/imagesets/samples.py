"""Photos for a first look: those of scikit-image that are free for every use and lie inside its package."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models import menagerie
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

ANIMAL, ANIMALS_SEED, SIDE, SHOWN = "animal-", 7, 256, 6


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


@dataclass(frozen=True)
class Animal:
    """A drawn animal of the menagerie, not drawn yet; as `Sample`.

    Attributes:
        name: how links and the command line call it.
        title: its class.
        scene: what is drawn.
        licence: of the picture.
    """

    name: str
    title: str
    scene: menagerie.Scene
    licence: str = "Apache-2.0, drawn by Seewhy"

    def photo(self) -> Photo:
        """Draw it; kept from the second call on."""
        return _draw(self)


@lru_cache(maxsize=1)
def samples() -> tuple[Sample, ...]:
    """The gallery: every known photo whose file is on this machine; reads none of them."""
    spec = importlib.util.find_spec("skimage")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else Path()
    entries = (Sample(name, title, licence, folder / file) for name, (file, title, licence) in _KNOWN.items())
    return tuple(entry for entry in entries if entry.path.is_file())


def everything() -> tuple[Sample | Animal, ...]:
    """Photos and drawn animals: whatever a link or the command line may name."""
    return (*samples(), *animals())


def sample(name: str) -> Photo:
    """The photo of the gallery called ``name``.

    Raises:
        InputError: there is none; the text lists those there are.
    """
    for entry in everything():
        if entry.name == name:
            return entry.photo()
    raise InputError(f"There is no sample photo '{name}'; choose one of: {', '.join(s.name for s in samples())}.")


@lru_cache(maxsize=1)
def animals() -> tuple[Animal, ...]:
    """Drawn animals for a first look with networks that know no others: of six families, one each."""
    families: dict[str, int] = {}
    for cls, species in enumerate(menagerie.SPECIES):
        families.setdefault(species.family, cls)
    chosen = [*families.values(), *(cls for cls in range(len(menagerie.CLASSES)) if cls not in families.values())]
    drawn = menagerie.scenes(len(menagerie.CLASSES), ANIMALS_SEED)
    by_class = {scene.cls: scene for scene in drawn}
    return tuple(Animal(f"{ANIMAL}{cls}", menagerie.CLASSES[cls], by_class[cls]) for cls in chosen[:SHOWN])


@lru_cache(maxsize=32)
def _draw(entry: Animal) -> Photo:
    return Photo(menagerie.render(entry.scene, SIDE).image, entry.name)


@lru_cache(maxsize=len(_KNOWN))
def _read(entry: Sample) -> Photo:
    return open_upload(entry.path.read_bytes(), entry.name)
