"""Stories, orders of arrival and requests by the thousand: ``./dev deep [MINUTES]``, other ones until time is up.

Gives how many were tried, and the seed of each round (``pytest --hypothesis-seed`` tries the same again). What fails is
shown with the blob that repeats it; keep it as a test of its own.
"""

import os
import re
import secrets
import subprocess
import sys
import time
from collections import Counter

MACHINE = "tests/integration/cloud/test_any_interleaving.py"
ORDERS = tuple(
    f"tests/integration/cloud/test_any_order{name}.py"
    for name in ("", "_probes", "_thinned", "_set_aside", "_changed", "_decided", "_of_labels")
)
REQUESTS = "tests/attack/test_any_request.py"
DEMO = "tests/simulation/test_demo.py"
STORIES, EXAMPLES, REQUESTS_EACH = 12, 120, 20
"""In one round; some of the tests take a share of the examples. Requests are of each operation."""
ROUNDS = (
    ((MACHINE,), {"LOTWARDEN_MACHINE": str(STORIES)}),
    (ORDERS, {"LOTWARDEN_EXAMPLES": str(EXAMPLES)}),
    ((REQUESTS, DEMO), {"LOTWARDEN_EXAMPLES": str(REQUESTS_EACH)}),
)
"""Files, and how much each is told to try; taken in turn."""


def main(minutes: float) -> int:
    """Runs rounds until the time is over; gives 1 as soon as one fails."""
    until = time.monotonic() + 60 * minutes
    tried = Counter[str]()
    for number in range(1, 10_000):
        if time.monotonic() > until:
            break
        files, said = ROUNDS[(number - 1) % len(ROUNDS)]
        seed = secrets.randbelow(2**32)
        options = ("-q", "-x", "-s", "--hypothesis-show-statistics", f"--hypothesis-seed={seed}")
        command = (sys.executable, "-m", "pytest", *options, *files)
        done = subprocess.run(command, env={**os.environ, **said}, capture_output=True, text=True, check=False)
        tried += _tried(done.stdout)
        print(f"round {number}, seed {seed}: {dict(tried)}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            return 1
    print("tried:", ", ".join(f"{count} {what}" for what, count in sorted(tried.items())))
    return 0


def _tried(text: str) -> Counter[str]:
    found = Counter[str]()
    for what, count in re.findall(r"machine tried: (\w+) (\d+)", text):
        found[what] += int(count)
    for _, name, passing in re.findall(r"^(\S+)::(test_\w+):$.*?(\d+) passing", text, re.M | re.S):
        found[name] += int(passing)
    return found


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
