"""The command of the sources of images: what there is, what is here, and how to get the rest."""

import json
from typing import Annotated

import typer
from rich.table import Table

from dashboard.cli.console import out


def images(
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    get: Annotated[str | None, typer.Option(help="Fetch this data set; the only way in which one is fetched.")] = None,
) -> None:
    """Where images may come from: the menagerie, folders, and data sets; what is here, and how to get the rest."""
    from models.imagesets import datasets
    from models.imagesets import imageset as gallery

    if get is not None:
        folder = datasets.fetch(get)
        out.print(f"{folder.name} is ready: {folder.place}", soft_wrap=True)
        return
    known = gallery.sources()
    if as_json:
        print(json.dumps([{"name": name, **vars(each)} for name, each in known.items()], indent=2))
        return
    table = Table("name", "what it is", "licence", "state", box=None)
    for name, data in known.items():
        state = "[green]ready[/green]" if data.ready else f"{data.remedy} ({data.megabytes} MB)"
        table.add_row(name, data.title, data.licence, state)
    out.print(table)
    out.print("Or the path of a folder: flat, or with a folder for each class.", soft_wrap=True)
