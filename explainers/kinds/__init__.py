"""What a parameter can be, said once: how it is checked, read from text and written as text.

A `Kind` is what the web form, a link, the command line, Browse and the documentation have in common;
`dashboard.widgets.form` adds the form field of each. A kind that points at something (a folder, another model) also
says what lies behind it, so that an answer's address changes with the content and not only with the name.
"""

from explainers.kinds.plain import Choice, Kind, Many, Names, Number, Switch, Text, Whole
from explainers.kinds.pointing import (
    Class,
    Classes,
    GeneratorFile,
    Images,
    LayerName,
    Layers,
    ModelName,
    ModelNames,
    Picture,
)

__all__ = [
    "Choice",
    "Class",
    "Classes",
    "GeneratorFile",
    "Images",
    "Kind",
    "LayerName",
    "Layers",
    "Many",
    "ModelName",
    "ModelNames",
    "Names",
    "Number",
    "Picture",
    "Switch",
    "Text",
    "Whole",
]
