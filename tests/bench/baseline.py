"""The build that figures of speed are measured against, side by side in the same run: commit f950df4.

Its tree is taken out of this repository's history; the packages are those of this environment, whose pins it shares, so
that nothing but our own code differs.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

COMMIT = "f950df4"
ROOT = Path(__file__).resolve().parents[2]


@cache
def tree(commit: str = COMMIT) -> Path:
    """Its root, or that of another commit; taken out of the history once."""
    root = ROOT / ".venv" / f"baseline-{commit}"
    if not (root / "dev").exists():
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x"], cwd=root, input=archive.stdout, check=True)
    return root


def run_in(root: Path, *arguments: str) -> dict[str, Any]:
    """What a program says, as JSON on its last line, that this Python runs in the root of a build."""
    done = subprocess.run([sys.executable, *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def beside(program: str, *arguments: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a program of this folder, which both builds can run, says of this build, and of the baseline."""
    words = [str(Path(__file__).with_name(program)), *map(str, arguments)]
    return run_in(ROOT, *words), run_in(tree(), *words)
