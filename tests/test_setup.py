"""The set-up says what it needs, and the ranges of dependencies admit what they must."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tool(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def set_up(folder: Path, uid: int = 1000) -> subprocess.CompletedProcess[str]:
    """Run .ci/venv in an empty folder on a machine that has only the given tools."""
    tool(folder, "id", f"echo {uid}")
    (folder / "work").mkdir()
    shell = shutil.which("sh") or "/bin/sh"
    command = [shell, str(ROOT / ".ci" / "venv"), "."]
    env = {"PATH": str(folder), "HOME": str(folder)}
    return subprocess.run(
        command, cwd=folder / "work", env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_no_python_is_said_in_clear_words(tmp_path: Path) -> None:
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Seewhy needs Python 3.11 or newer and found none: install it (Debian")


def test_an_old_python_is_passed_over(tmp_path: Path) -> None:
    tool(tmp_path, "python3", "exit 1")
    assert "found none" in set_up(tmp_path).stderr


def test_a_python_without_venv_names_the_package(tmp_path: Path) -> None:
    tool(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.12-venv;; esac')
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert "sudo apt install python3.12-venv" in done.stderr


def test_root_on_debian_gets_venv_by_itself(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tool(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.12-venv;; esac')
    tool(tmp_path, "apt-get", f'echo "$@" >> {log}')
    set_up(tmp_path, uid=0)
    assert log.read_text().splitlines()[-1].startswith("install -y -qq python3.12-venv")


@pytest.mark.parametrize("name", ["run", "test", "bench"])
def test_make_help_names_every_target(name: str) -> None:
    env = {**os.environ, "MAKEFLAGS": ""}
    done = subprocess.run(["make", "help"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert any(line.startswith(f"make {name} ") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "version"), [("torch", "2.14.1"), ("torch", "2.6.0"), ("streamlit", "1.67.0"), ("plotly", "7.1.0")]
)
def test_ranges_admit(name: str, version: str) -> None:
    ranges = {Requirement(text).name: Requirement(text).specifier for text in PROJECT["dependencies"]}
    assert ranges[name].contains(version)


def test_continuous_integration_runs_what_everybody_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
