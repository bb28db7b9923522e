"""The former address of `models.imagesets.imageset`, for programs written before it moved."""

from models.imagesets.imageset import Picture
from models.imagesets.imageset import image_set as gallery

__all__ = ["Picture", "gallery"]
