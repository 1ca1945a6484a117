"""Two transactions that wait for each other: one gives way and is done again, and nobody is told to come back later."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi import APIRouter, FastAPI

from cloud_sync.api.access import ApiRoute
from cloud_sync.api.problems import install
from cloud_sync.errors import Overtaken
from cloud_sync.storage.database import ATTEMPTS_MAX, Database, again_if_overtaken
from tests.support.quick_client import QuickClient


def test_of_two_that_wait_for_each_other_both_get_done(database: Database) -> None:
    both_hold_one = Barrier(2)
    tries: list[int] = []

    @again_if_overtaken
    def own(first: int, second: int) -> int:
        tries.append(first)
        with database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (first,))
            if len(tries) <= 2:
                both_hold_one.wait(30)
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (second,))
        return first

    with ThreadPoolExecutor(2) as hands:
        done = [hands.submit(own, 1, 2), hands.submit(own, 2, 1)]
        assert [each.result(timeout=30) for each in done] == [1, 2]
    assert len(tries) == 3


def test_who_is_overtaken_again_and_again_is_told_that_nothing_was_stored(database: Database) -> None:
    tries = 0

    @again_if_overtaken
    def hopeless() -> None:
        nonlocal tries
        tries += 1
        with database.transaction() as connection:
            connection.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'serialization_failure'; END $$")

    with pytest.raises(Overtaken) as told:
        hopeless()
    assert (tries, told.value.what_to_do) == (ATTEMPTS_MAX, "Nothing was stored. Send the same again.")


@pytest.mark.parametrize(("times", "status"), [(ATTEMPTS_MAX - 1, 200), (ATTEMPTS_MAX, 503)])
def test_a_request_that_is_overtaken_is_answered_by_a_further_try(database: Database, times: int, status: int) -> None:
    router = APIRouter(route_class=ApiRoute)
    left = [times]

    @router.post("/asked")
    def asked(body: dict[str, int]) -> dict[str, int]:
        with database.transaction() as connection:
            if left[0]:
                left[0] -= 1
                connection.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'deadlock_detected'; END $$")
        return body

    app = FastAPI()
    app.include_router(router, prefix="/v1")
    install(app)
    answer = QuickClient(app).post("/v1/asked", json={"n": 5})
    assert (answer.status_code, answer.json() == {"n": 5}) == (status, status == 200)
