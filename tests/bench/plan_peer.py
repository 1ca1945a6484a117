"""statsforecast's forecasts, by a process of its own: half a gigabyte of packages that nothing else here needs.

``python -m tests.bench.plan_peer`` runs this file with the interpreter of that environment: a line of JSON for each
series, ``[method, weeks, [used, ...]]``, is answered by a line with the mean a week.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PEER_HOME = Path(sys.prefix) / "statsforecast"
PEER_VERSION = "2.0.2"


@contextmanager
def statsforecast() -> Iterator["Asked"]:
    """Its forecasts, by a process of their own."""
    prepare()
    python = PEER_HOME / "bin" / "python"
    with subprocess.Popen([python, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Asked(process)
        assert process.stdin is not None
        process.stdin.close()


def prepare() -> None:
    """Make and fill the environment once, which takes some minutes."""
    python = PEER_HOME / "bin" / "python"
    if not list(PEER_HOME.glob("lib/python*/site-packages/statsforecast")):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(PEER_HOME)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-compile", f"statsforecast=={PEER_VERSION}"], check=True)


class Asked:
    """The running process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, method: str, used: Sequence[int], weeks: int) -> float:
        """The mean a week over so many weeks."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([method, weeks, list(used)]) + "\n")
        self._process.stdin.flush()
        return max(0.0, float(self._process.stdout.readline()))


def answer() -> None:
    """Answer until the input ends, in the environment that has it."""
    import numpy
    from statsforecast import models

    known = {
        "exponential smoothing": models.SimpleExponentialSmoothingOptimized(),
        "Croston": models.CrostonOptimized(),
        "SBA": models.CrostonSBA(),
        "TSB": models.TSB(alpha_d=0.1, alpha_p=0.1),
        "ADIDA": models.ADIDA(),
    }
    for line in sys.stdin:
        method, weeks, used = json.loads(line)
        made = known[method].forecast(y=numpy.asarray(used, dtype=float), h=weeks)["mean"]
        print(float(numpy.mean(made)), flush=True)


if __name__ == "__main__":
    answer()
