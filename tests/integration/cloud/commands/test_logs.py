"""The logs of ledger and gateway as JSON: each line an object, with the request it belongs to, and no secrets."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.commands import logging_setup as ledger_logs
from cloud_sync.storage.database import Database
from edge_agent.host import logging_setup as gateway_logs
from tests.support.ledger_api import Api, api_on


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is the process's own: what these tests set up ends with them."""
    root, requests = logging.getLogger(), logging.getLogger(ledger_logs.REQUESTS)
    before = root.handlers[:], root.level, requests.level
    yield
    root.handlers[:], root.level, requests.level = before


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        yield api


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_request_is_a_line_with_an_id_that_its_answer_has(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    ledger_logs.set_up_logging("json")
    token = {"authorization": f"Bearer {api.reader.token}"}
    answer = api.client.get("/v1/lots?item=secret-of-the-house", headers={**token, "x-request-id": "proxy-1"})
    assert answer.headers["x-request-id"] == "proxy-1"
    made = api.client.get("/alerts/by-link/0123456789", headers={"x-request-id": "not one\x7f"}).headers["x-request-id"]
    assert len(made) == 16
    first, second = (line for line in lines(capsys) if line["logger"] == ledger_logs.REQUESTS)
    assert (first["request"], first["method"], first["route"], first["status"]) == ("proxy-1", "GET", "/v1/lots", 200)
    assert second["request"] == made and second["route"] == "/alerts/by-link/{code}"
    assert "secret-of-the-house" not in json.dumps(first) and first["took_ms"] > 0


def test_what_is_plain_says_nothing_of_requests(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    ledger_logs.set_up_logging("text")
    assert api.client.get("/v1/lots").status_code == 401
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "set_up", [ledger_logs.set_up_logging, lambda form: gateway_logs.set_up_logging(log_format=form)]
)
def test_a_line_is_an_object_whatever_is_in_it_and_hides_secrets(
    set_up: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("json")
    log = logging.getLogger("cloud_sync.test")
    log.warning("two\nlines of %s", "postgresql://amy:hunter2@db/ledger")
    try:
        raise ValueError("Bearer lw_0123456789abcdefghij")
    except ValueError:
        log.error("it broke", exc_info=True)
    first, second = lines(capsys)
    assert first["text"] == "two\nlines of postgresql://[hidden]@db/ledger" and first["level"] == "warning"
    assert first["at"].endswith("Z") and "ValueError" in second["trace"]
    assert "hunter2" not in json.dumps(first) and "0123456789abc" not in json.dumps(second)
