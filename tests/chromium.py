"""Find a Chromium for the browser tests; ``python -m tests.chromium`` gets one where it can."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
MISSING = "there is no Chromium here; install one (Debian: apt install chromium; else: playwright install chromium)."


def find() -> str | None:
    """Path of a Chromium or Chrome: ``$SEEWHY_CHROMIUM``, on the path, as an application, or Playwright's own."""
    named = [os.environ.get("SEEWHY_CHROMIUM"), *map(shutil.which, NAMES), *APPS]
    return next((path for path in named if path and works(path)), None) or _playwrights()


def works(path: str) -> bool:
    """Whether this is a browser; Ubuntu's ``chromium-browser`` may be a script that only asks for a snap."""
    if not Path(path).is_file():
        return False
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "chrom" in answer.stdout.lower()


def get() -> str | None:
    """Install a Chromium: Debian's as root, else Playwright's own; None when neither can be had."""
    for commands in _ways():
        if all(_run(command) for command in commands) and (path := find()):
            return path
    return None


def _ways() -> list[list[list[str]]]:
    playwrights = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    release = Path("/etc/os-release")
    debian = release.is_file() and "ID=debian" in release.read_text().splitlines()
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root or not shutil.which("apt-get"):
        return [playwrights]
    if not debian:  # Ubuntu's package is a snap
        return [[[*playwrights[0], "--with-deps"]]]
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    return [[[*quiet, "update"], [*quiet, "install", "-y", "chromium"]], playwrights]


def _run(command: list[str]) -> bool:
    print("Chromium for the browser tests:", " ".join(command), flush=True)
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, timeout=900, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, flush=True)
        return False


def _playwrights() -> str | None:
    roots = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""), "~/.cache/ms-playwright", "~/Library/Caches/ms-playwright"]
    inside = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
    folders = [Path(root).expanduser() for root in roots if root]
    found = sorted(path for folder in folders for end in inside for path in folder.glob(f"chromium-*/{end}"))
    return next((str(path) for path in reversed(found) if works(str(path))), None)


def main() -> None:
    """Make sure of a Chromium, or say in one loud line that the browser tests will be skipped."""
    if not (find() or get()):
        print(f"\n!!! BROWSER TESTS WILL BE SKIPPED: {MISSING}\n", flush=True)


if __name__ == "__main__":
    main()
