"""From a scene to pixels and masks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8
from numpy import ndarray
from PIL import Image

from models.errors import InputError
from models.menagerie import anatomy, badges, foreground, habitats
from models.menagerie.canvas import Canvas
from models.menagerie.dice import Dice
from models.menagerie.pen import Pen
from models.menagerie.scenes import Pose, Scene, pose
from models.menagerie.shapes import Frame, turn
from models.menagerie.species import PARTS, VARIANTS

SMALLEST, LARGEST = 32, 1024
BADGE_ID = len(PARTS) + 1
ORDER = ("tail", "feet", "body", "wing", "head", "beak", "eye")


@dataclass(frozen=True)
class Rendered:
    """A picture and who owns its pixels.

    Attributes:
        image: the picture.
        owners: 0 for the background and what stands in front, 1 + the index into ``PARTS`` for a part, ``BADGE_ID`` for
            the badge; each pixel belongs to what its centre shows.
    """

    image: UInt8[ndarray, "s s 3"]
    owners: UInt8[ndarray, "s s"]

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
    side = size * fold
    how = pose(scene.seed)
    canvas = Canvas(Image.new("RGB", (side, side)), how.light)
    habitats.paint(canvas, side, scene.background)
    frame = _frame(how, scene, side)
    foreground.shade(canvas, _sole(frame, scene), 0.9 * frame.unit)
    if scene.badge is not None:
        badges.draw(canvas, scene.badge, badges.place(how.corner, complex(how.drift_x, how.drift_y)), side, BADGE_ID)
    _animal(canvas, frame, scene, how)
    if scene.occluded:
        foreground.grow(canvas, side, Dice(scene.seed, 2), _spared(frame, scene))
    owners = np.asarray(canvas.owners)[fold // 2 :: fold, fold // 2 :: fold]
    return Rendered(_develop(canvas.picture.reduce(fold), how, scene.seed), np.ascontiguousarray(owners))


def _frame(how: Pose, scene: Scene, side: int) -> Frame:
    """Where the animal stands on a canvas of ``side`` pixels: its middle in the middle, whatever its build."""
    build, _ = anatomy.skeleton(scene)
    axis = 0.335 * side * how.scale * build.scale * turn(how.lean)
    middle = build.centre + 0.5j * (build.hip.imag + anatomy.reach(scene) - 0.68)
    return Frame(complex(0.5 + how.x, 0.54 + how.y) * side, axis, how.mirror).at(-middle)


def _sole(frame: Frame, scene: Scene) -> complex:
    """The pixel between the feet, where the shadow lies."""
    build, _ = anatomy.skeleton(scene)
    return frame.point(build.hip + 0.04 + 0.97j * anatomy.reach(scene))


def _animal(canvas: Canvas, frame: Frame, scene: Scene, how: Pose) -> None:
    """Draw the parts from back to front."""
    joints = _joints(frame, scene, how)
    build, _ = anatomy.skeleton(scene)
    for part in ORDER:
        number = scene.variant(part)
        if number is not None:
            pen = Pen(canvas, joints[part], VARIANTS[part][number], PARTS.index(part) + 1)
            anatomy.draw(part, pen, build, how.step)


def _joints(frame: Frame, scene: Scene, how: Pose) -> dict[str, Frame]:
    """The frame of every part."""
    build, face = anatomy.skeleton(scene)
    head = frame.at(build.head, how.nod)
    return {
        "body": frame,
        "head": head,
        "beak": head.at(face.beak),
        "eye": head.at(face.eye),
        "wing": frame.at(build.wing, how.flap),
        "tail": frame.at(build.tail, how.wag),
        "feet": frame.at(build.hip),
    }


def _spared(frame: Frame, scene: Scene) -> tuple[tuple[complex, float], ...]:
    """Discs (pixels) that no twig may enter: crown, face, and the middle of the wing, tail and feet."""
    joints = _joints(frame, scene, pose(scene.seed))
    reach = (
        ("head", -0.3j, 0.3),
        ("beak", 0.1 + 0j, 0.42),
        ("eye", 0j, 0.36),
        ("wing", -0.2 - 0.05j, 0.12),
        ("tail", -0.3 + 0j, 0.14),
        ("feet", 0.25j, 0.2),
    )
    return tuple((joints[part].point(z), radius * frame.unit) for part, z, radius in reach)


def _develop(picture: Image.Image, how: Pose, seed: int) -> UInt8[ndarray, "s s 3"]:
    """Light the averaged picture: brightness, warmth, a gradient from the lamp's side, and a little grain."""
    size = picture.size[0]
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    aim = turn(how.light * 22.5)
    gain = how.brightness * (
        1 + np.float32(0.07 * aim.real) * axis[None, :] + np.float32(0.07 * aim.imag) * axis[:, None]
    )
    tint = np.array([1 + 0.05 * how.warmth, 1.0, 1 - 0.05 * how.warmth], dtype=np.float32)
    grain = np.frombuffer(Dice(seed, 4).grain(size * size), dtype=np.uint8).reshape(size, size)
    lit = np.asarray(picture, dtype=np.float32) * (gain[:, :, None] * tint)
    lit += (grain.astype(np.float32) / 42.5 - 3.0)[:, :, None] + 0.5
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)
