"""What the commands share: where they print, how they show progress, how they work an answer out."""

from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from dashboard.engine.answers import Answer
    from explainers import Evidence, Request, Result

R = TypeVar("R", bound="Result")
out, err = Console(), Console(stderr=True)


def worked(request: "Request[R]", device: str, *, evidence: bool) -> "tuple[Answer[R], Answer[Evidence] | None]":
    """The answer, and its evidence when it is wanted."""
    import torch

    import models
    from dashboard.engine.answers import compute
    from dashboard.engine.settings import Settings
    from explainers import LocalRun
    from models.training.memory import keep_freed

    torch.set_num_threads(Settings.from_env().threads)
    keep_freed()
    with progress() as bar:
        task = bar.add_task("loading the model", total=1.0)

        def show(fraction: float, note: str) -> None:
            bar.update(task, completed=fraction, description=note or "working")

        handle = models.load(request.model, device)
        kept = compute(handle, request, LocalRun(handle, request.params.seed, show))
        if not evidence:
            return kept, None
        return kept, compute(handle, request.evidence(), LocalRun(handle, request.params.seed, show))


def progress() -> Progress:
    """A progress bar on stderr, only where a person looks."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
