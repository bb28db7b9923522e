"""From a scene to pixels and masks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray
from PIL import Image

from models.errors import InputError
from models.menagerie import anatomy, badges, foreground, habitats, neighbours
from models.menagerie.canvas import Canvas
from models.menagerie.dice import Dice
from models.menagerie.pen import Pen
from models.menagerie.poses import Pose, discs, frame, joints
from models.menagerie.scenes import Scene
from models.menagerie.shapes import Frame, turn
from models.menagerie.species import PARTS, SPECIES, VARIANTS

SMALLEST, LARGEST = 32, 1024
BADGE_ID = len(PARTS) + 1
OTHERS_ID = len(PARTS) + 2
FRONT_ID = len(PARTS) + 3
ORDER = ("tail", "feet", "body", "wing", "head", "beak", "eye")
DEPTH = np.argsort([0, OTHERS_ID, BADGE_ID, *(PARTS.index(part) + 1 for part in ORDER), FRONT_ID]).astype(np.uint8)
"""How far in front the owner of a pixel stands."""


@dataclass(frozen=True)
class Rendered:
    """A picture and who owns its pixels.

    Attributes:
        image: the picture.
        owners: 0 for the background, the other animals and what stands in front, 1 + the index into ``PARTS`` for a
            part, ``BADGE_ID`` for the badge. In world 1 a pixel belongs to what its centre shows, in world 2 to the
            frontmost thing that touches it, which also gives it its whole colour.
        others: the visible pixels of other animals and of stray parts.
    """

    image: UInt8[ndarray, "s s 3"]
    owners: UInt8[ndarray, "s s"]
    others: Bool[ndarray, "s s"]

    @property
    def masks(self) -> Bool[ndarray, "p s s"]:
        """The visible pixels of each of ``PARTS``."""
        return np.asarray(self.owners == np.arange(1, len(PARTS) + 1, dtype=np.uint8)[:, None, None])

    @property
    def badge(self) -> Bool[ndarray, "s s"]:
        """The visible pixels of the badge."""
        return np.asarray(self.owners == BADGE_ID)

    def mask(self, part: str) -> Bool[ndarray, "s s"]:
        """The visible pixels of one part, or of the badge."""
        return self.badge if part == "badge" else np.asarray(self.owners == PARTS.index(part) + 1)


def check_size(size: int) -> int:
    """The side of a picture in pixels, or a clear refusal."""
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise InputError(f"Pictures of {size} pixels cannot be drawn: give a side from {SMALLEST} to {LARGEST}.")
    return size


def render(scene: Scene, size: int = 128) -> Rendered:
    """Draw a scene as a ``size`` x ``size`` picture with exact masks; the same scene gives the same pixels always.

    Raises:
        InputError: the size is below 32 or above 1024.
    """
    fold = 3 if check_size(size) <= 256 else 2
    canvas = _painted(scene, size * fold)
    if scene.world == 1:
        picture = np.asarray(canvas.picture.reduce(fold))
        owners = np.asarray(canvas.owners)[fold // 2 :: fold, fold // 2 :: fold]
    else:
        picture, owners = _settled(canvas, fold)
    shown = np.where(owners < OTHERS_ID, owners, 0).astype(np.uint8)
    return Rendered(_develop(picture, scene.pose, scene.seed), shown, np.asarray(owners == OTHERS_ID))


def _painted(scene: Scene, side: int) -> Canvas:
    """The scene on a canvas of ``side`` pixels, from back to front."""
    how = scene.pose
    canvas = Canvas(Image.new("RGB", (side, side)), how.light, exact=scene.world > 1)
    habitats.paint(canvas, side, scene.background)
    stand = frame(how, scene.cls, side)
    others = neighbours.neighbours(scene)
    for other in others:
        if not other.part:
            _shade(canvas, frame(other.pose, other.cls, side), other.cls)
    _shade(canvas, stand, scene.cls)
    for other in others:
        parts = [v if other.part in ("", p) else None for p, v in zip(PARTS, SPECIES[other.cls].variants, strict=True)]
        _animal(canvas, side, (other.cls, tuple(parts), other.pose), OTHERS_ID)
    if scene.badge is not None:
        badges.draw(canvas, scene.badge, badges.place(how.corner, complex(how.drift_x, how.drift_y)), side, BADGE_ID)
    _animal(canvas, side, (scene.cls, scene.parts, how))
    if scene.occluded:
        canvas.nobody = 0 if scene.world == 1 else FRONT_ID
        foreground.grow(canvas, side, Dice(scene.seed, 2), discs(stand, scene.cls, how), spare_all=scene.world > 1)
    return canvas


def _shade(canvas: Canvas, stand: Frame, cls: int) -> None:
    """The shadow between the feet of an animal."""
    build, _ = anatomy.skeleton(cls)
    sole = stand.point(build.hip + 0.04 + 0.97j * anatomy.reach(cls))
    foreground.shade(canvas, sole, 0.9 * stand.unit)


def _animal(canvas: Canvas, side: int, animal: tuple[int, tuple[int | None, ...], Pose], owner: int = 0) -> None:
    """Draw the parts of an animal (class, variants, pose) from back to front; ``owner`` 0: each part its own."""
    cls, variants, how = animal
    frames = joints(frame(how, cls, side), cls, how)
    build, _ = anatomy.skeleton(cls)
    for part in ORDER:
        number = variants[PARTS.index(part)]
        if number is not None:
            pen = Pen(canvas, frames[part], VARIANTS[part][number], owner or PARTS.index(part) + 1)
            anatomy.draw(part, pen, build, how.step)


def _settled(canvas: Canvas, fold: int) -> tuple[UInt8[ndarray, "s s 3"], UInt8[ndarray, "s s"]]:
    """Picture and owners with every pixel given to the frontmost thing that touches it.

    A plain average mixes a part's rim into pixels that its neighbours own: taking the part away changed 13% as many
    pixels outside its mask as inside. Here a pixel shows one owner and nothing else, so that it cannot.
    """
    owners, colours = np.asarray(canvas.owners), np.asarray(canvas.picture)
    size = len(owners) // fold
    blocks = owners.reshape(size, fold, size, fold).swapaxes(1, 2).reshape(size, size, -1)
    front = np.take_along_axis(blocks, DEPTH[blocks].argmax(2)[..., None], 2)
    picture = np.array(canvas.picture.reduce(fold))
    mixed = (blocks != front).any(2)
    shown = (blocks == front)[mixed]
    small = colours.reshape(size, fold, size, fold, 3).swapaxes(1, 2)[mixed].reshape(len(shown), fold * fold, 3)
    picture[mixed] = (small * shown[..., None]).sum(1) // shown.sum(1)[:, None]
    return picture, front[..., 0]


def _develop(picture: UInt8[ndarray, "s s 3"], how: Pose, seed: int) -> UInt8[ndarray, "s s 3"]:
    """Light the averaged picture: brightness, warmth, a gradient from the lamp's side, and a little grain."""
    size = len(picture)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    aim = turn(how.light * 22.5)
    gain = how.brightness * (
        1 + np.float32(0.07 * aim.real) * axis[None, :] + np.float32(0.07 * aim.imag) * axis[:, None]
    )
    tint = np.array([1 + 0.05 * how.warmth, 1.0, 1 - 0.05 * how.warmth], dtype=np.float32)
    grain = np.frombuffer(Dice(seed, 4).grain(size * size), dtype=np.uint8).reshape(size, size)
    lit = picture.astype(np.float32) * (gain[:, :, None] * tint)
    lit += (grain.astype(np.float32) / 42.5 - 3.0)[:, :, None] + 0.5
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)
