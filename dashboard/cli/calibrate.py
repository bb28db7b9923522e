"""The commands of the menagerie: calibrate, train its networks, export its pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dashboard.cli.console import out, progress, worked

if TYPE_CHECKING:
    from explainers.calibration.tables import Row

menagerie = typer.Typer(help="The built-in world whose truth is known.", no_args_is_help=True)
training = typer.Typer(help="Train what the lenses need; the file is then a model.", no_args_is_help=True)


def calibrate(  # noqa: PLR0913 - one argument an option
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    model: Annotated[
        str | None, typer.Option(help="A network of the menagerie; all that are ready by default.")
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/calibration.md.")] = False,
    scenes: Annotated[int, typer.Option(help="Pictures in the benchmark.")] = 96,
    world: Annotated[int | None, typer.Option(help="1: one animal in the middle; 2: anywhere, with others.")] = None,
    methods: Annotated[str, typer.Option(help="Names with commas between; all by default.")] = "",
    seed: Annotated[int, typer.Option(help="Starts every random draw.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
) -> None:
    """Compare every attribution method with the menagerie's known truth, beside maps that know no network."""
    import models
    from explainers.calibration.lens import calibration
    from explainers.calibration.tables import markdown
    from explainers.params import read
    from models.menagerie import nets

    names = [model] if model else [name for name in nets.SPECS if models.card(name).ready]
    rows: list[Row] = []
    for name in names:
        biased = name in nets.SPECS and nets.SPECS[name].biased
        chosen = {} if world is None else {"world": world}
        named = read(calibration.params, {"methods": methods} if methods else {})
        params = calibration.choose(scenes=scenes, seed=seed, biased=biased, **named, **chosen)
        kept, _ = worked(calibration.request(name, params), device, evidence=False)
        result = kept.result
        rows += result.rows(name)
        if as_markdown:
            print(f"## {name}, world {params.world or nets.world_of(name)}, {scenes} pictures\n\n{result.plain}\n")
            print(markdown(result.rows(name)))
            print(f"\nTruth by removal and by swap: mean rank correlation {result.agreement:.2f}.\n")
        elif not as_json:
            out.print(f"[bold]{name}[/bold]  {result.sentence.replace('*', '')}", soft_wrap=True, highlight=False)
            out.print(_marks(result.rows(name)))
    if as_json:
        print(json.dumps({"rows": rows}, indent=2))


def _marks(rows: "list[Row]") -> Table:
    columns = ("trust", "share_of_truth", "part_correlation", "grid_game", "target_sensitivity", "shortcut")
    table = Table("method", *(name.replace("_", " ") for name in columns), "forwards", box=None)
    for row in rows:
        marks = ("" if row[name] is None else f"{row[name]:.2f}" for name in columns)
        table.add_row(row["title"], *marks, f"{row['cost_forwards']:.1f}")
    return table


@training.command("menagerie")
def train_menagerie(
    output: Annotated[Path, typer.Option("--out", help="File for the weights; is then a model: --model FILE.")],
    name: Annotated[str, typer.Option(help="Which network of the menagerie.")] = "menagerie_cnn",
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 0,
    world: Annotated[int | None, typer.Option(help="1: one animal in the middle; 2: anywhere, with others.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on where an interrupted training stopped.")] = True,
) -> None:
    """Train a network of the menagerie; an interrupted training goes on where it stopped."""
    from models.menagerie import WORLD
    from models.menagerie.train import train

    with progress() as bar:
        task = bar.add_task("training", total=1.0)
        facts = train(
            name,
            out=output,
            seed=seed,
            world=WORLD if world is None else world,
            resume=resume,
            report=lambda fraction, note: bar.update(task, completed=fraction, description=note),
        )
    out.print(f"{output}: {float(facts['accuracy']):.1%} of fresh pictures named rightly", soft_wrap=True)


@menagerie.command("export")
def export_menagerie(
    output: Annotated[Path, typer.Option("--out", help="Folder for images, masks and truth.json.")],
    per_class: Annotated[int, typer.Option(help="Pictures a class.")] = 10,
    size: Annotated[int, typer.Option(help="Side of a picture in pixels.")] = 128,
    seed: Annotated[int, typer.Option(help="The same seed gives the same pixels.")] = 0,
    world: Annotated[int | None, typer.Option(help="1: one animal in the middle; 2: anywhere, with others.")] = None,
) -> None:
    """Write an ImageFolder with masks, and a JSON of the truth."""
    from models.menagerie import WORLD
    from models.menagerie.export import export

    with progress() as bar:
        task = bar.add_task("drawing", total=1.0)
        truth = export(
            output,
            per_class,
            size,
            seed,
            world=WORLD if world is None else world,
            report=lambda fraction, note: bar.update(task, completed=fraction, description=note),
        )
    out.print(f"{len(truth['files'])} pictures of {len(truth['classes'])} classes are in {output}", soft_wrap=True)
