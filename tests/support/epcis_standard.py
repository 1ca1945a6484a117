"""The standard's own schemas and example documents, which lie beside the checkout: ``../shared/epcis``."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.support.paths import ROOT

STANDARD = ROOT.parent / "shared" / "epcis"
SCHEMAS = "https://gs1.github.io/EPCIS/JSON-Schema/"


def examples(*patterns: str) -> list[Path]:
    """The example documents that these patterns find. Continuous integration has them; who has not is told so."""
    if not STANDARD.is_dir():
        said = f"NOT TRIED: the standard's schemas and examples (GS1's EPCIS repository) are not at {STANDARD}"
        if "CI" in os.environ:
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    found = [path for pattern in patterns for path in sorted(STANDARD.glob(pattern))]
    assert found, patterns
    return found


def name_of(path: Path) -> str:
    """What to call an example."""
    return path.relative_to(STANDARD).as_posix()


@cache
def event_schema() -> Any:
    """The standard's judgement of an event in a document; formats count."""
    (schema,) = examples("JSON-Schema/EPCIS-Event-JSON-Schema.json")
    root = json.loads(schema.read_text())
    asked = {"$schema": root["$schema"], "allOf": [{"$ref": f"{root['$id']}#/definitions/EPCIS-Document-Event"}]}
    return jsonschema_rs.Draft7Validator(asked, validate_formats=True, retriever=_retrieve)


@cache
def document_schema() -> Any:
    """The standard's judgement of a whole document."""
    (schema,) = examples("JSON-Schema/EPCIS-JSON-Schema-root.json")
    root = json.loads(schema.read_text())
    return jsonschema_rs.Draft7Validator(root, validate_formats=True, retriever=_retrieve)


def _retrieve(uri: str) -> Any:
    return json.loads((STANDARD / "JSON-Schema" / uri.removeprefix(SCHEMAS)).read_text())


def events_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a document of JSON."""
    body = document["epcisBody"]
    events: list[dict[str, Any]] = body.get("eventList") or body["queryResults"]["resultsBody"]["eventList"]
    return events
