"""A primary that was paused for longer than its lease finds another one in its place, and leaves it there."""

import json
import os
import subprocess
import sys

import pytest

from tests.cluster.patroni_cluster import MISSING
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        bool(MISSING), reason=f"NOT TRIED, for {', '.join(MISSING)} are not here: ./dev test-cluster installs them"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT TRIED: only root may make network namespaces"),
]


def test_a_primary_that_goes_on_after_a_pause_does_not_take_its_place_back_and_nothing_committed_is_lost() -> None:
    command = [sys.executable, "-m", "tests.cluster.pauses", "--times", "2"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    assert json.loads(done.stdout.splitlines()[-1]) == {"taken_back": 0, "lost": 0}
    assert done.returncode == 0
