"""Train prototypes and small classifiers from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard.cli.calibrate import training
from dashboard.cli.console import out, progress, worked


@training.command("prototypes")
def train_prototypes(  # noqa: PLR0913 - one argument an option
    images: Annotated[str, typer.Option(help="A folder with a folder of pictures for each class, or menagerie.")],
    output: Annotated[Path, typer.Option("--out", help="File for the classifier; is then a model: --model FILE.")],
    model: Annotated[str, typer.Option(help="The backbone: a name of `seewhy models`.")] = "efficientnet_lite0",
    prototypes: Annotated[int, typer.Option(help="Prototypes of each class.")] = 10,
    metric: Annotated[str, typer.Option(help="cosine, or log_l2 as in the paper.")] = "cosine",
    limit: Annotated[int, typer.Option(help="At most so many pictures of each class to train on.")] = 100,
    sheet: Annotated[bool, typer.Option(help="Own-class weights only, none negative.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same prototypes.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
) -> None:
    """Train a prototype classifier; pictures that become prototypes are kept in the file as thumbnails."""
    from explainers.prototypes.train import prototypes_train
    from models.prototypes.file import save

    params = prototypes_train.choose(
        images=images, prototypes=prototypes, metric=metric, limit=limit, sheet=sheet, seed=seed
    )
    answer, _ = worked(prototypes_train.request(model, params), device, evidence=False)
    result = answer.result
    save(output, result.about(), result.tensors())
    for note in result.notes:
        out.print(note, soft_wrap=True)
    if result.skipped:
        out.print(f"{len(result.skipped)} files could not be read: {', '.join(n for n, _ in result.skipped[:5])}")
    out.print(f"{output}: {result.sentence}", soft_wrap=True, highlight=False)


@training.command("classifier")
def train_classifier(
    data: Annotated[Path, typer.Option(help="Folder of Fashion-MNIST, or folder or zip with train/CLASS, test/CLASS.")],
    output: Annotated[Path, typer.Option("--out", help="File for the weights; is then a model: --model FILE.")],
    name: Annotated[str, typer.Option(help="fashion_lenet or cifar10_cnn.")] = "fashion_lenet",
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 0,
) -> None:
    """Train a small network; an interrupted training goes on where it stopped."""
    from models.small.train import train

    with progress() as bar:
        task = bar.add_task("training", total=1.0)
        facts = train(
            name,
            source=data,
            out=output,
            seed=seed,
            report=lambda fraction, note: bar.update(task, completed=fraction, description=note),
        )
    out.print(f"{output}: {float(facts['accuracy']):.1%} of the test pictures named rightly", soft_wrap=True)


@training.command("generator")
def train_generator(  # noqa: PLR0913 - one argument an option
    model: Annotated[str, typer.Option(help="The classifier that it draws for: a name of `seewhy models`.")],
    images: Annotated[str, typer.Option(help="menagerie, the small networks' data, or a folder of class folders.")],
    output: Annotated[Path, typer.Option("--out", help="File for the generator; `--set generator=FILE` uses it.")],
    judge: Annotated[str, typer.Option(help="Another classifier of the same classes, for comparison.")] = "",
    steps: Annotated[int, typer.Option(help="Batches to learn from; more are sharper and slower.")] = 8000,
    limit: Annotated[int, typer.Option(help="At most so many pictures of each class to learn from.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
) -> None:
    """Train a generator for activation maximisation; an interrupted training goes on where it stopped."""
    import models
    from models.generators.train import train

    with progress() as bar:
        task = bar.add_task("training", total=1.0)
        train(
            models.load(model, device),
            source=images,
            out=output,
            judge=models.load(judge, device) if judge else None,
            steps=steps,
            seed=seed,
            limit=limit,
            report=lambda fraction, note: bar.update(task, completed=fraction, description=note),
        )
    out.print(f"{output}: a generator for {model}", soft_wrap=True, highlight=False)
