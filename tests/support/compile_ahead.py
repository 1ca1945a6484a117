"""Compile the project and its tests once, on all cores, before the workers of a run start: else each compiles all.

pytest rewrites what tests assert when it first loads them, which takes most of the time. This does the same ahead, as
pytest keeps it. If it cannot, the workers do it as ever.
"""

import compileall
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from tests.support.paths import ROOT

PRODUCT = ("cloud_sync", "edge_agent")
REWRITTEN = ("test_*.py", "conftest.py")
"""What pytest rewrites; the rest of the tests' modules are compiled as any."""
AT_ONCE = 16
"""Files that a process takes at once."""


def compile_ahead(root: Path) -> int:
    """Compile what lies in ``root``; gives how many files of tests were rewritten."""
    for folder in PRODUCT:
        if (root / folder).is_dir():
            compileall.compile_dir(root / folder, quiet=1, workers=0)
    tests = sorted(file for pattern in REWRITTEN for file in (root / "tests").rglob(pattern))
    others = sorted(set((root / "tests").rglob("*.py")) - set(tests))
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        plain = processes.map(partial(compileall.compile_file, quiet=1), others, chunksize=AT_ONCE)
        rewritten = sum(processes.map(_rewrite, tests, chunksize=AT_ONCE))
        assert all(plain), "a file of the tests is no Python: the lines above say which"
    return rewritten


def _rewrite(file: Path) -> bool:
    """Unless that was done already."""
    from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, _rewrite_test, _write_pyc, get_cache_dir, try_makedirs

    kept = get_cache_dir(file) / f"{file.stem}{PYC_TAIL}"
    if not try_makedirs(kept.parent) or _read_pyc(file, kept) is not None:
        return False
    source_hash, code = _rewrite_test(file, SimpleNamespace(getini=lambda name: False))  # type: ignore[arg-type]
    return bool(_write_pyc(SimpleNamespace(trace=print), code, source_hash, kept))  # type: ignore[arg-type]


if __name__ == "__main__":
    try:
        compile_ahead(ROOT)
    except (ImportError, AttributeError, TypeError, OSError) as error:  # pytest's own ways may change: slower, no fault
        print(f"The tests are not compiled ahead ({type(error).__name__}: {error})", file=sys.stderr)
