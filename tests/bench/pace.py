"""When the machine itself is slow, and what was measured while it was not.

On a virtual machine there are moments of fifty milliseconds or so in which all work takes three to ten times as long, a
loop over a small list as well as a query; why is not seen from within, presumably what it shares with others. A p99 of
a few milliseconds is then a figure of the machine. So a process does the same small work all the time, and takes note
of the moments in which it costs far more processor time than usual; waiting for a turn, because the measured program
keeps the processors busy, is no such time. Figures of the slow ones leave out what overlaps with these moments, and say
what they would be with it. What lasts long overlaps more easily, so that they are a little kind to it.

``python -m tests.bench.pace`` is that process; it prints when such moments began and ended, in ``perf_counter``
seconds, which are the same for all processes.
"""

import atexit
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

EVERY_S = 0.004
LOOKUPS = 1_000
MEMORY = 1 << 20
"""Bytes that the small work reads here and there: more than the first cache of a processor holds."""
USUAL_OF = 500
"""So many of the last times say what is usual."""
SLOW = 2.5
"""So many times the usual. Two busy threads of one core slow each other down by less than two."""
AROUND_S = 0.006
"""Before and after a slow time that was seen: it is looked for every few milliseconds."""

WATCHING = "watching"


@dataclass(frozen=True, slots=True)
class Timed:
    """Something that was measured: when it began, or was meant to, in ``perf_counter`` seconds, and what it took."""

    began_s: float
    took_ms: float

    @classmethod
    def since(cls, began_s: float) -> "Timed":
        """What began then and ends now."""
        return cls(began_s, (time.perf_counter() - began_s) * 1000)

    @property
    def ended_s(self) -> float:
        """When it was done."""
        return self.began_s + self.took_ms / 1000


@cache
def watch() -> Path:
    """Take note from now on, to the end of this process; gives the file of notes."""
    folder = tempfile.TemporaryDirectory(prefix="lotwarden-pace-")
    atexit.register(folder.cleanup)
    notes = Path(folder.name) / "notes"
    command = [sys.executable, "-m", "tests.bench.pace"]
    with notes.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert said == f"{WATCHING}\n", said
    return notes


def undisturbed_ms(measured: Sequence[Timed]) -> list[float]:
    """Sorted, of those that overlap with no slow moment of the machine."""
    moments = _moments()
    return sorted(each.took_ms for each in measured if not _is_disturbed(each, moments))


def quantile(sorted_ms: Sequence[float], share: float) -> float:
    """The time within which this share of them was answered."""
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))]


def p99_of(measured: Sequence[Timed]) -> float:
    """In ms, while the machine was at its usual speed."""
    return quantile(undisturbed_ms(measured), 0.99)


def told(measured: Sequence[Timed]) -> str:
    """How much was left out, and what the p99 is with it."""
    whole = sorted(each.took_ms for each in measured)
    left_out = 1 - len(undisturbed_ms(measured)) / len(whole)
    return f"p99 {quantile(whole, 0.99):.1f} ms with the {left_out:.0%} in which the machine itself was slow"


def _is_disturbed(each: Timed, moments: Sequence[tuple[float, float]]) -> bool:
    return any(began < each.ended_s and each.began_s < ended for began, ended in moments)


def _moments() -> list[tuple[float, float]]:
    lines = watch().read_text(encoding="utf-8").splitlines()
    found: list[tuple[float, float]] = []
    for began, ended in (tuple(float(word) for word in line.split()) for line in lines):
        if found and began <= found[-1][1]:
            found[-1] = found[-1][0], ended
        else:
            found.append((began, ended))
    return found


def _look() -> None:
    memory = random.randbytes(MEMORY)
    places = random.sample(range(MEMORY), LOOKUPS)
    last: deque[float] = deque(maxlen=USUAL_OF)
    print(WATCHING, file=sys.stderr, flush=True)
    while True:
        began_s, began_cpu_s = time.perf_counter(), time.thread_time()
        sum(map(memory.__getitem__, places))
        took_s = time.thread_time() - began_cpu_s
        last.append(took_s)
        if took_s > SLOW * median(last):
            print(began_s - AROUND_S, time.perf_counter() + AROUND_S, flush=True)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    _look()
