"""Where pictures come from: an upload, a Pillow image, the sample gallery, a folder."""

from models.imagesets.decode import ACCEPTED, MAX_BYTES, MAX_PIXELS, from_pil, open_upload
from models.imagesets.folder import Entry, Folder, image_folder
from models.imagesets.samples import Animal, Sample, animals, everything, sample, samples

__all__ = [
    "ACCEPTED",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Animal",
    "Entry",
    "Folder",
    "Sample",
    "animals",
    "everything",
    "from_pil",
    "image_folder",
    "open_upload",
    "sample",
    "samples",
]
