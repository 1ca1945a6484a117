"""Long work told line by line while it goes on (application/x-ndjson), for programs and for pages."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from cloud_sync.domain.master_records_csv import RecordFault
from cloud_sync.errors import LedgerError

MEDIA_TYPE = "application/x-ndjson"
Said = dict[str, Any]
Run = Callable[[Callable[[int, int], None], Callable[[RecordFault], None]], Said]
"""Work that tells how many rows of how many are done, and each fault as it is found; gives what is told at last."""


def lines_of(run: Run) -> Iterator[bytes]:
    """How far ``run`` is, at each percent, its faults, and then what it gave or why it could not."""
    told: SimpleQueue[Said | None] = SimpleQueue()  # a hundred steps, and as many faults as a file may have

    def tell(done: int, total: int) -> None:
        if done == total or done * 100 // total != (done - 1) * 100 // total:
            told.put({"rows_done": done, "rows": total})

    def tell_fault(fault: RecordFault) -> None:
        told.put({"fault": {"line": fault.line, "column": fault.column, "text": fault.text}})

    with ThreadPoolExecutor(1, "import") as worker:
        result = worker.submit(run, tell, tell_fault)
        result.add_done_callback(lambda _: told.put(None))
        while (said := told.get()) is not None:
            yield _line(said)
        try:
            yield _line(result.result())
        except LedgerError as error:
            yield _line({"error": str(error), "what_to_do": error.what_to_do})


def _line(said: Said) -> bytes:
    return json.dumps(said).encode() + b"\n"
