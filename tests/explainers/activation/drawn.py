"""Folders of pictures for tests of activation maximisation, made once."""

import tempfile
from functools import cache
from pathlib import Path

from PIL import Image

import explainers
import models
from tests.models.test_small import colours


@cache
def flat() -> Path:
    """Red and blue ones, split for training and test."""
    return colours(Path(tempfile.mkdtemp()) / "colours", 5)


@cache
def bags() -> Path:
    """Pictures that the LeNet calls bags: it imagined them."""
    model = models.load("fashion_lenet", "cpu")
    made = explainers.explain("activation", model, target=8, prior="joint", n=24, steps=40)
    place = Path(tempfile.mkdtemp())
    for at, image in enumerate(made.images):
        Image.fromarray(image).save(place / f"{at}.png")
    return place
