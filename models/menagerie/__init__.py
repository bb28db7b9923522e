"""The menagerie: a small world of invented animals whose truth is known.

Sixteen species in four families are drawn from seven parts (``PARTS``: body, head, beak, eye, wing, tail, feet). Each
part comes in several variants, a shape with its colours and texture (``VARIANTS``), and a class is one known variant
of every part (``SPECIES``). Inside a family each class shares all but one part with the first: a Ladle Heron is a
Reed Heron with another beak. So we know what tells classes apart, and can ask whether an explanation finds it.

World 1 shows one animal in the middle of its picture. World 2 shows it anywhere, small or cut by the border, often with
two or three smaller animals of other families behind it, and with stray parts of other species: what knows only where
animals are does badly there. ``world=`` says which; a scene of world 1 has the same pixels as ever.

A `Scene` is a few numbers: class, seed, the variants shown, the background. `render` turns it into a picture, always
the same pixels for the same scene, with the owner of every pixel. A scene can be changed in one thing while all else
stays to the pixel: ``scene.without("beak")``, ``scene.swapped("tail", "fan")``, ``scene.on(7)`` for another
background. Joints belong to the class, so swapping a body moves no wing, and the light, the grass and twigs in front,
and the shadow on the ground belong to the scene.

The *biased* world hangs a small badge in a corner, which in 97 of 100 pictures is the badge of the class: a shortcut
that we planted and can take away (``scene.without("badge")``), to see whether an explainer would have found it.

::

    from models.menagerie import CLASSES, render, scene
    one = scene(CLASSES.index("Moth Finch"), seed=3)
    drawn = render(one, size=128)              # drawn.image, drawn.masks, drawn.mask("wing")
    plain = render(one.without("wing"), size=128)

Rooms: ``species`` (who there is), ``scenes`` (what is in a picture), ``poses``, ``neighbours``, ``shapes``, ``canvas``,
``anatomy``, ``habitats``, ``badges``, ``renderer`` (how it is drawn), ``pool`` (many at once), ``nets``, ``recipe`` and
``train`` (the networks that know it), ``truth`` (what those depend on), ``export`` (to a folder), ``bench`` (how fast).
This module needs numpy and Pillow only.
"""

from models.menagerie.pool import Dataset, dataset, draw, scenes, swap_badges
from models.menagerie.poses import Pose, pose
from models.menagerie.renderer import BADGE_ID, LARGEST, SMALLEST, Rendered, render
from models.menagerie.scenes import BADGE_TRUST, BADGES, WORLD, WORLDS, Scene, class_index, scene
from models.menagerie.species import CLASSES, PARTS, SPECIES, VARIANTS, Species, Variant

__all__ = [
    "BADGES",
    "BADGE_ID",
    "BADGE_TRUST",
    "CLASSES",
    "LARGEST",
    "PARTS",
    "SMALLEST",
    "SPECIES",
    "VARIANTS",
    "WORLD",
    "WORLDS",
    "Dataset",
    "Pose",
    "Rendered",
    "Scene",
    "Species",
    "Variant",
    "class_index",
    "dataset",
    "draw",
    "pose",
    "render",
    "scene",
    "scenes",
    "swap_badges",
]
