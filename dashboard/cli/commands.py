"""The `seewhy` command. Exit 0 on success; 2 on bad input, with one sentence on stderr; 130 on interrupt.

Imports that take seconds stay inside the commands that need them.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dashboard.cli import calibrate as yardstick
from dashboard.cli import images as imagery
from dashboard.cli import train  # noqa: F401 - adds its command to `seewhy train`
from dashboard.cli.console import err, out, worked

if TYPE_CHECKING:
    from explainers import AnyExplainer, Knob, Request, Result
    from models import ModelCard, Photo

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    invoke_without_command=True,
    help="See why a vision model decides. Without a command: the dashboard on http://127.0.0.1:8501.",
)
app.command()(yardstick.calibrate)
app.command()(imagery.images)
app.add_typer(yardstick.menagerie, name="menagerie")
app.add_typer(yardstick.training, name="train")

Host = Annotated[str, typer.Option(help="Address to listen on; the default is this machine alone.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Devices = Annotated[str | None, typer.Option(help="Devices, as cpu or cuda:0,cuda:1; all there are by default.")]
Cache = Annotated[Path | None, typer.Option(help="Folder for what is kept.")]
CacheSize = Annotated[float | None, typer.Option(help="What that folder may take, in GiB.")]
Folders = Annotated[
    list[Path] | None, typer.Option("--images", help="A folder of pictures that visitors may use; may be repeated.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]


def main() -> None:
    """Run the command line, and turn every error that a person can cause into one sentence."""
    try:
        code = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        _refuse(_sentence(error))
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: Exception) -> str:
    """What to tell a person; anything that is not theirs to mend is raised again."""
    from models.errors import SeewhyError  # brings torch with it, which takes seconds

    if isinstance(error, SeewhyError):
        return str(error)
    if hasattr(error, "format_message"):  # Typer's own complaints about the command line are click's exceptions
        return str(error.format_message())
    raise error


def _refuse(sentence: str) -> None:
    print(f"seewhy: {sentence}", file=sys.stderr)
    sys.exit(2)


@app.callback()
def start(  # noqa: PLR0913 - one argument an option
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8501,
    devices: Devices = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    images: Folders = None,
) -> None:
    """Without a command: serve."""
    if context.invoked_subcommand is None:
        serve(host, port, devices, cache, cache_size, images)


@app.command()
def serve(  # noqa: PLR0913 - one argument an option
    host: Host = "127.0.0.1",
    port: Port = 8501,
    devices: Devices = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    images: Folders = None,
) -> None:
    """Open the dashboard."""
    from dashboard.engine.settings import Settings
    from dashboard.server.serve import serve as run

    settings = Settings.from_env(
        devices=tuple(devices.split(",")) if devices else None,
        cache=cache,
        cache_size=None if cache_size is None else int(cache_size * 2**30),
        images=tuple(str(folder.absolute()) for folder in images) if images else None,
    )
    run(settings, host, port)


@app.command("models")
def list_models(
    name: Annotated[str | None, typer.Argument(help="A model to examine: what running it shows.")] = None,
    as_json: Json = False,
    get: Annotated[str | None, typer.Option(help="Fetch the weights of this model.")] = None,
) -> None:
    """The zoo: what is ready, what is not, and how to get it; or what one model is."""
    import models

    if name is not None:
        _examined(name)
        return
    if get is not None:
        card = models.fetch(get)
        out.print(f"{card.name} is ready: {card.path}", soft_wrap=True)
        return
    cards = list(models.cards())
    if as_json:
        print(json.dumps([_card_json(card) for card in cards], indent=2))
        return
    table = Table("name", "classes", "input", "licence", "state", box=None)
    for card in cards:
        state = "[green]ready[/green]" if card.ready else card.remedy
        table.add_row(
            card.name, str(len(card.labels)), f"{card.input_size[1]}×{card.input_size[2]}", card.licence, state
        )
    out.print(table)


def _examined(name: str) -> None:
    import models

    findings = models.load(name, "cpu").findings
    out.print(findings.sentence, soft_wrap=True)
    for layer in findings.layers:
        notes = [
            " ".join(["default"] * layer.default),
            "the answer does not depend on it" * (layer.name in findings.dead),
        ]
        out.print(f"  {layer.name}  {'×'.join(map(str, layer.shape))}  {' '.join(filter(None, notes))}".rstrip())
    for title, names in (("run more than once", findings.repeated), ("no maps", findings.refused)):
        if names:
            out.print(f"Not offered, {title}: {', '.join(names)}", soft_wrap=True)


def _card_json(card: "ModelCard") -> dict[str, object]:
    return {
        "name": card.name,
        "title": card.title,
        "ready": card.ready,
        "remedy": card.remedy,
        "classes": len(card.labels),
        "input_size": card.input_size,
        "mean": card.mean,
        "std": card.std,
        "licence": card.licence,
        "source": card.source,
        "paper": card.paper,
        "weights_sha256": card.digest,
        "notes": card.notes,
        "layers": [{"name": layer.name, "shape": layer.shape} for layer in card.layers if layer.main],
        "default_layer": f"examined when loaded: seewhy models {card.name}",
    }


@app.command("explainers")
def list_explainers(as_json: Json = False) -> None:
    """Lenses, papers, and parameters with type, bounds and default."""
    from explainers import knobs, registry

    lenses = registry().values()
    if as_json:
        print(json.dumps([_lens_json(lens) for lens in lenses], indent=2))
        return
    for lens in lenses:
        out.print(f"[bold]{lens.name}[/bold]  {lens.title}  {lens.paper}")
        for knob in knobs(lens.params):
            kind = knob.kind
            bounds = list(knob.choices) or [bound for bound in (kind.low, kind.high) if bound is not None]
            out.print(f"  {knob.name:<12} {kind.type_name:<6} {knob.default!s:<10} {knob.help} {bounds or ''}")


def _lens_json(lens: "AnyExplainer") -> dict[str, object]:
    from explainers import knobs, takes_image

    return {
        "name": lens.name,
        "title": lens.title,
        "lens": lens.lens,
        "paper": lens.paper,
        "image": takes_image(lens.params),
        "parameters": [_knob_json(knob) for knob in knobs(lens.params)],
    }


def _knob_json(knob: "Knob") -> dict[str, object]:
    return {
        "name": knob.name,
        "type": knob.kind.type_name,
        "optional": knob.optional,
        "default": knob.default,
        "low": knob.kind.low,
        "high": knob.kind.high,
        "choices": list(knob.choices),
        "help": knob.help,
    }


@app.command()
def explain(  # noqa: PLR0913 - one argument an option
    name: Annotated[str, typer.Argument(help="The lens: see `seewhy explainers`.")],
    model: Annotated[str, typer.Option(help="A name of the zoo, timm/NAME, or a file.")],
    output: Annotated[Path, typer.Option("--out", help="Folder for the bundle.")],
    image: Annotated[Path | None, typer.Option(help="The picture: a file, or a sample such as chelsea.")] = None,
    images: Annotated[Path | None, typer.Option(help="A folder of pictures, for lenses that learn from many.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, as key=value; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Starts every random draw.")] = 0,
    device: Device = "auto",
    evidence: Annotated[bool, typer.Option(help="Measure how far to trust it.")] = True,
    with_evidence: Annotated[bool, typer.Option("--with-evidence", help="Lay it under each figure.")] = False,
) -> None:
    """Explain, and write the bundle: manifest, arrays, figures, and a snippet that reproduces them."""
    from explainers import find, params_of
    from models.errors import InputError

    if with_evidence and not evidence:
        raise InputError("--with-evidence lays what is measured under each figure; leave out --no-evidence.")
    lens = find(name)
    chosen = {**_parsed(lens, settings or []), "seed": seed}
    if image is not None:
        chosen["image"] = _picture(image)
    if images is not None:
        chosen["images"] = str(images.absolute()) if images.exists() else str(images)
    request = lens.request(model, params_of(lens, chosen))
    from dashboard import export
    from dashboard.figures import Look

    for note in _notes(request):
        err.print(note, soft_wrap=True, highlight=False, markup=False)
    export.write({}, output)
    kept, scores = worked(request, device, evidence=evidence)
    kinds = export.kinds_here()
    export.write(export.bundle(kept, scores, request, Look(), kinds=kinds, with_evidence=with_evidence), output)
    out.print(kept.result.plain, soft_wrap=True, highlight=False, markup=False)
    if export.browser() is None:
        err.print(export.NO_BROWSER, soft_wrap=True)


def _notes(request: "Request[Result]") -> list[str]:
    """What was done to read the weights and the pictures."""
    import models
    from explainers.params import photos

    pictures = photos(request.params).values()
    return [*models.card(request.model).notes, *(f"{photo.name}: {photo.note}" for photo in pictures if photo.note)]


def _picture(image: Path) -> "Path | Photo":
    """A file, or the name of a sample photo such as chelsea."""
    from models import imagesets

    known = {entry.name for entry in imagesets.everything()}
    return imagesets.sample(str(image)) if str(image) in known and not image.exists() else image


def _parsed(lens: "AnyExplainer", settings: list[str]) -> dict[str, object]:
    from explainers import knobs
    from explainers.kinds import Picture
    from explainers.params import read
    from models.errors import InputError

    pairs = [text.partition("=") for text in settings]
    for key, equals, _ in pairs:
        if not equals:
            raise InputError(f"--set takes key=value; got '{key}'.")
    values = dict(read(lens.params, {key: value for key, _, value in pairs}))
    pictures = {each.name for each in knobs(lens.params) if isinstance(each.kind, Picture)}
    return {name: _picture(Path(str(v))) if name in pictures and v else v for name, v in values.items()}


if __name__ == "__main__":
    main()
