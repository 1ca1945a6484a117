"""The way to the ledger."""

import sys

# httpx imports its own command line (rich, pygments, click) wherever these are installed. A gateway never uses it, and
# saves 5 MB and 30 ms of its start without it: httpx copes, as it does where they are not installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
