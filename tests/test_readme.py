"""Every command of the README works.

Commands of ``bash`` and ``console`` blocks run as they stand, in order, in one temporary folder with a ``cat.jpg``.
Some are verified in a lighter way, because they install, build, or never end:

* ``make run`` and ``make test``: ``make -n`` finds the target and everything it needs;
* ``pip install .``: pip resolves the project with neither dependencies nor an install (``--dry-run``);
* ``seewhy`` and ``seewhy serve ...``: the same words with ``--help``;
* ``docker build`` and ``docker run``: the Dockerfile is there; ``test_dockerfile.py`` checks it;
* ``git clone`` and ``cd``: passed over.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from models.imagesets import sample

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
_BLOCK = re.compile(r"^```(?:bash|console|sh|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Commands of the fenced blocks: comments away, continued lines joined, prompts removed, output passed over."""
    found = []
    for block in _BLOCK.findall(text):
        lines = block.replace("\\\n", " ").splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        found += [line for line in (shlex.join(shlex.split(line, comments=True)) for line in lines) if line]
    return found


def lighter(command: str) -> str | None:
    """What is run for a command: itself, or a check that ends; None for nothing."""
    words = shlex.split(command)
    match words:
        case ["make", *targets]:
            return shlex.join(["make", "-n", "-C", str(ROOT), f"VENV={BIN.parent}", *targets])
        case ["pip", "install", "."]:
            options = ["--dry-run", "--no-deps", "--no-build-isolation", "--quiet"]
            return shlex.join([sys.executable, "-m", "pip", "install", *options, str(ROOT)])
        case ["seewhy"] | ["seewhy", "serve", *_]:
            return shlex.join([*words, "--help"])
        case ["docker", *_]:
            return f"test -f {shlex.quote(str(ROOT / 'Dockerfile'))}"
        case ["git", "clone", *_] | ["cd", _]:
            return None
    return command


COMMANDS = commands((ROOT / "README.md").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader of the README has it: a photo of a cat, and nothing else."""
    path = tmp_path_factory.mktemp("readme")
    sample("chelsea").pil().save(path / "cat.jpg", quality=95)
    return path


def test_the_two_commands_are_there() -> None:
    assert {"make run", "make test"} <= set(COMMANDS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, folder: Path) -> None:
    run = lighter(command)
    if run is None:
        return
    home = folder / "home"
    home.mkdir(exist_ok=True)
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    env.pop("MAKEFLAGS", None)
    done = subprocess.run(
        run, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, f"{run}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_blocks_are_read_as_a_shell_reads_them() -> None:
    shell = "```bash\nmake run  # opens\n\n# only words\nseewhy explain \\\n  gradcam\n```\n"
    text = shell + "```console\n$ ls\ncat.jpg\n```\n"
    assert commands(text) == ["make run", "seewhy explain gradcam", "ls"]
