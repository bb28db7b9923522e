"""`make bench`: every ``bench_*.py`` of this folder, one after the other, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them all; the number of those that failed is the exit code."""
    failed = 0
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n== {path.stem.removeprefix('bench_')} ==", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"tests.benchmarks.{path.stem}"]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
