"""A trace as JSON text, as the models of the API describe it.

The graphs are passed on as the database wrote them: checking each of tens of thousands of nodes and edges against its
model once more would take several times as long as finding them. A test holds the text against the models.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from cloud_sync.actions.quality.trace import Graph, Trace
from cloud_sync.api.schemas.quality import ExposureOut
from cloud_sync.api.schemas.stock import LotOut

_LOTS = TypeAdapter(list[LotOut])
_EXPOSURES = TypeAdapter(list[ExposureOut])


def trace_json(traced: Trace) -> bytes:
    """The text of a ``TraceOut``."""
    return _object(
        lot=LotOut.model_validate(traced.lot).model_dump_json(),
        serial=json.dumps(traced.serial),
        backward=_graph(traced.backward),
        forward=_graph(traced.forward),
        excursions=_EXPOSURES.dump_json(_EXPOSURES.validate_python(traced.excursions)).decode(),
        is_cut=json.dumps(traced.is_cut),
    )


def found_trace_json(traced: Mapping[str, Any]) -> bytes:
    """The text of a ``FoundTraceOut``, of what ``trace_found`` gave."""
    return _object(
        lots=_LOTS.dump_json(_LOTS.validate_python(traced["lots"])).decode(),
        backward=_graph(traced["backward"]),
        forward=_graph(traced["forward"]),
        recipients=json.dumps(traced["recipients"]),
        sources=json.dumps(traced["sources"]),
        is_cut=json.dumps(traced["is_cut"]),
    )


def _graph(graph: Graph | None) -> str:
    return "null" if graph is None else graph.text


def _object(**texts: str) -> bytes:
    return ("{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}").encode()
