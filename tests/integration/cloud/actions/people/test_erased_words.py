"""Words about a person are erased from free text, by two people, and what was sealed still fits."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.people.erased_words import ROWS_MAX
from cloud_sync.domain.roles import Role
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from tests.integration.cloud.actions.people.test_erasure import everything, evidence_of
from tests.integration.cloud.api.test_signatures import person, purchase, signed
from tests.support.ledger_api import Api, Somebody
from tests.support.seal_mutations import forge_erasure

WORDS = "Mrs Smith"
WHY = {"reason": "she asked for it: Mrs Smith, by letter of 1 May"}
ASKED = {"words": WORDS, **WHY}
PATH = "/v1/word-erasures"


def sealed(database: Database) -> None:
    while seal_once(database):
        pass


def held(api: Api, reason: str = "torn box; called mrs  SMITH, not Mrs Smithson", lot: str = "A") -> tuple[int, str]:
    """A lot on hold for a reason that names somebody, and the hold."""
    of_lot = api.receive(lot, 5)
    return of_lot, str(api.quality.ok("POST", "/v1/holds", json={"lot_id": of_lot, "reason": reason})["id"])


def erased(api: Api, words: str = WORDS, number: int = 1) -> dict[str, Any]:
    """Asked for by one administrator, done by another."""
    asked = api.administrator.ok("POST", PATH, json={**ASKED, "words": words})
    second = api.known_as(f"bea-{number}", Role.ADMINISTRATOR)
    done: dict[str, Any] = second.ok("POST", f"{PATH}/{asked['id']}/approve", json={"reason": "I have seen the letter"})
    return done


def reason_of(api: Api, hold: str) -> str:
    (row,) = [each for each in api.quality.ok("GET", "/v1/holds/placed")["rows"] if str(each["id"]) == hold]
    return str(row["reason"])


def test_words_are_gone_from_every_table_and_the_seal_fits_before_and_after(api: Api) -> None:
    database, boss = api.database, api.administrator
    _, hold = held(api)
    assert signed(person(api, "amy", Role.QUALITY), "hold", hold, "release", reason="spoke to Mrs Smith").is_success
    for note in ("ask Mrs  Smith first", "ask nobody"):
        api.quality.ok(
            "PUT",
            "/v1/suppliers/acme",
            json={"status": "qualified", "qualified_until": "2027-01-01", "note": note, "reason": "seen"},
        )
    sealed(database)
    assert verify(database).findings == []

    found = boss.ok("POST", f"{PATH}/preview", json={"words": " mrs   smith "})
    where = {(each["table"], each["column"]) for each in found["found"]}
    assert {("hold", "reason"), ("event", "reason"), ("event", "data"), ("signature", "reason")} <= where
    assert found["places"] >= len(where) and found["legal_holds"] == []
    asked = boss.ok("POST", PATH, json=ASKED)
    assert (asked["state"], asked["words"], asked["rows"]) == ("waits", WORDS, 0)
    assert boss.ok("POST", PATH, json=ASKED)["id"] == asked["id"], "the same again"
    assert boss.post(f"{PATH}/{asked['id']}/approve", WHY).status_code == 403, "whoever asks does not approve"
    sealed(database)
    assert verify(database).findings == []
    second = api.known_as("bea", Role.ADMINISTRATOR)
    assert second.post(PATH, {**ASKED, "words": "mrs smith"}).status_code == 409, "it is asked for already"
    done = second.ok("POST", f"{PATH}/{asked['id']}/approve", json=WHY)
    assert (done["state"], done["words"], done["decided_by"]) == ("done", None, "bea")
    assert done["reason"] == done["decision_reason"] == "she asked for it: [erased], by letter of 1 May"

    left = " ".join(everything(database).lower().replace("\\n", " ").split())
    assert left.count("mrs smith") == left.count("mrs smithson") > 0, "a longer word is somebody else's"
    assert reason_of(api, hold) == "torn box; called [erased], not Mrs Smithson"
    sealed(database)
    assert verify(database).findings == []
    with psycopg.connect(database.url) as connection:
        versions = connection.execute(
            "SELECT change, salt IS NULL FROM seal_row WHERE of_table = 'hold' AND row_id = %s ORDER BY id", (hold,)
        ).fetchall()
    assert versions == [("I", True), ("E", False)], "what was sealed before can no longer be computed"
    rows = boss.ok("GET", f"{PATH}/{asked['id']}/rows")
    assert {"table": "hold", "row": hold, "columns": ["reason"], "places": 1} in rows
    assert boss.ok("GET", PATH)["rows"][0]["rows"] == done["rows"] == len({(r["table"], r["row"]) for r in rows})
    assert second.post(f"{PATH}/{asked['id']}/approve", WHY).status_code == 409
    assert boss.post(PATH, ASKED).status_code == 404, "they stand nowhere"
    (last,) = api.reader.ok("GET", "/v1/events", params={"kind": "words_erased"})
    assert (last["actor"], last["data"]["asked_by"], last["data"]["rows"] > 0) == ("bea", "administrator-1", True)


def test_names_and_codes_stay_although_they_are_the_same_words(api: Api) -> None:
    api.place("smith", "supplier")
    _, hold = held(api, "called Smith")
    api.quality.ok(
        "PUT", "/v1/suppliers/smith",
        json={"status": "pending", "qualified_until": None, "note": "ring smith", "reason": "new"},
    )  # fmt: skip
    before = api.reader.ok("GET", "/v1/events", params={"subject": "place:smith"})
    erased(api, "Smith")
    assert reason_of(api, hold) == "called [erased]"
    assert api.reader.ok("GET", "/v1/events", params={"subject": "place:smith"}) == before
    (event,) = api.reader.ok("GET", "/v1/events", params={"subject": "supplier:smith"})
    assert "ring [erased]" in str(event["data"]) and "ring smith" not in str(event["data"])
    sealed(api.database)
    assert verify(api.database).findings == []


def test_a_signature_on_what_was_changed_says_so_and_that_the_decision_stands(api: Api, tmp_path: Path) -> None:
    lot, hold = held(api)
    amy = person(api, "amy", Role.QUALITY)
    made = signed(amy, "hold", hold, "release").json()
    amy.ok("POST", f"/v1/holds/{hold}/lift", json={"reason": "inspected with Mrs Smith"})
    number = purchase(api)
    assert signed(amy, "order", number, "review", reason="Mrs Smith asked for it").is_success
    erased(api)

    (told,) = amy.ok("GET", f"/v1/signatures/hold/{hold}")["signatures"]
    assert (told["covers"], told["decided_since"]) == (False, False), "nothing says any longer what was seen"
    assert (told["intact"], told["erasure"], told["otherwise_as_signed"]) == (True, 1, True)
    assert made["sha256"] not in everything(api.database), "the words could be guessed by it"
    assert made["record_sha256"] not in everything(api.database)
    (other,) = amy.ok("GET", f"/v1/signatures/order/{number}")["signatures"]
    assert (other["reason"], other["covers"], other["intact"]) == ("[erased] asked for it", True, True)
    said, checked = evidence_of(api.database, f"lot:{lot}", tmp_path)
    assert "Mrs Smith," not in said and "torn box; called [erased], not Mrs Smithson" in said
    assert "rows from which two people had words erased" in checked

    # A second erasure keeps what the first one says.
    erased(api, "torn box", number=2)
    (told,) = amy.ok("GET", f"/v1/signatures/hold/{hold}")["signatures"]
    assert (told["intact"], told["erasure"], told["otherwise_as_signed"]) == (True, 2, True)
    evidence_of(api.database, f"lot:{lot}", tmp_path)
    assert verify(api.database).findings == []
    # What is changed past the ledger shows in the signature, too.
    with psycopg.connect(api.database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE hold SET lot_id = lot_id, kind = 'supplier' WHERE id = %s", (hold,))
        connection.execute("UPDATE signature SET meaning = 'approval' WHERE record_kind = 'order'")
    (told,) = amy.ok("GET", f"/v1/signatures/hold/{hold}")["signatures"]
    assert told["otherwise_as_signed"] is False
    (other,) = amy.ok("GET", f"/v1/signatures/order/{number}")["signatures"]
    assert other["intact"] is False


def test_records_under_a_legal_hold_keep_their_words(api: Api) -> None:
    lot, _ = held(api, "Mrs Smith called")
    number = purchase(api)
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json={"reason": "Mr Jones is in need"})
    api.item("saline")
    boss, second = api.administrator, api.known_as("bea", Role.ADMINISTRATOR)
    waits = boss.ok("POST", PATH, json=ASKED)["id"]
    of_order = boss.ok("POST", PATH, json={**ASKED, "words": "Mr Jones"})["id"]
    elsewhere = api.quality.ok("POST", "/v1/legal-holds", json={"item": "saline", "reason": "law suit 6"})
    on_lot = api.quality.ok("POST", "/v1/legal-holds", json={"lot_id": lot, "reason": "law suit 7"})
    refused = second.post(f"{PATH}/{waits}/approve", WHY)
    assert (refused.status_code, "law suit 7" in refused.json()["error"]) == (409, True), refused.text
    assert boss.ok("POST", f"{PATH}/preview", json={"words": WORDS})["legal_holds"] == [on_lot["id"]]
    assert second.ok("POST", f"{PATH}/{of_order}/approve", json=WHY)["state"] == "done", (
        "the order is about no such lot"
    )
    lift(api, on_lot["id"])
    on_item = api.quality.ok("POST", "/v1/legal-holds", json={"item": "insulin", "reason": "law suit 8"})
    refused = second.post(f"{PATH}/{waits}/approve", WHY)
    assert (refused.status_code, "law suit 8" in refused.json()["error"]) == (409, True)
    assert boss.post(PATH, {**ASKED, "words": "torn"}).status_code == 404
    refused = boss.post(PATH, {**ASKED, "words": "called"})
    assert (refused.status_code, "law suit 8" in refused.json()["error"]) == (409, True), "it is not even asked for"
    lift(api, on_item["id"])
    assert second.ok("POST", f"{PATH}/{waits}/approve", json=WHY)["state"] == "done"
    assert elsewhere["state"] == "waits for approval"


def lift(api: Api, hold_id: int) -> None:
    path = f"/v1/legal-holds/{hold_id}"
    api.administrator.ok("POST", f"{path}/decide", json={"decision": "approved", "reason": "as agreed"})
    api.quality.ok("POST", f"{path}/lift", json={"reason": "settled"})
    api.administrator.ok("POST", f"{path}/lift", json={"reason": "settled"})


def test_an_order_for_goods_under_a_legal_hold_keeps_its_words(api: Api) -> None:
    number = purchase(api)
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json={"reason": "Mrs Smith is in need"})
    api.quality.ok("POST", "/v1/legal-holds", json={"item": "insulin", "reason": "law suit 7"})
    refused = api.administrator.post(PATH, ASKED)
    assert (refused.status_code, "law suit 7" in refused.json()["error"]) == (409, True)


def test_whoever_asked_withdraws_it_and_the_words_are_kept_nowhere_else(api: Api) -> None:
    _, hold = held(api, "called Mrs Smith")
    boss = api.administrator
    asked = boss.ok("POST", PATH, json={**ASKED, "reason": "asked for by telephone"})["id"]
    before = everything(api.database).count(WORDS)
    done = boss.ok("POST", f"{PATH}/{asked}/reject", json={"reason": "it was another one"})
    assert (done["state"], done["words"], reason_of(api, hold)) == ("rejected", None, "called Mrs Smith")
    assert everything(api.database).count(WORDS) == before - 1
    assert boss.post(f"{PATH}/{asked}/reject", WHY).status_code == 409
    sealed(api.database)
    assert verify(api.database).findings == []


@pytest.mark.parametrize("words", ["it", 'say "no"', "erased", "(Smith)", "x" * 101, "a\\b c", "[Smith]"])
def test_words_that_would_take_out_more_than_a_name_are_refused(api: Api, words: str) -> None:
    assert api.administrator.post(f"{PATH}/preview", {"words": words}).status_code == 422


def test_words_that_stand_everywhere_are_not_somebodys(api: Api) -> None:
    with api.database.transaction() as connection:
        connection.execute(
            "INSERT INTO event (actor, kind, subject, reason) SELECT 'amy', 'tried', 'lot:1', 'as agreed'"
            " FROM generate_series(0, %s)", (ROWS_MAX,)
        )  # fmt: skip
    refused = api.administrator.post(PATH, {**ASKED, "words": "as agreed"})
    assert (refused.status_code, str(ROWS_MAX) in refused.json()["error"]) == (409, True)


def test_owners_and_all_who_give_out_no_access_neither_look_nor_erase(api: Api) -> None:
    held(api)
    asked = api.administrator.ok("POST", PATH, json=ASKED)["id"]
    others: list[Somebody] = [api.known_as("client-1", Role.OWNER), api.quality, api.reader, api.operator]
    for somebody in others:
        assert somebody.post(f"{PATH}/preview", {"words": WORDS}).status_code == 403
        assert somebody.post(PATH, ASKED).status_code == 403
        assert somebody.post(f"{PATH}/{asked}/approve", WHY).status_code == 403
        assert somebody.post(f"{PATH}/{asked}/reject", WHY).status_code == 403
        assert somebody.get(PATH).status_code == 403
        assert somebody.get(f"{PATH}/{asked}/rows").status_code == 403
    call = "SELECT erase_words(%s, 'Mrs Smith', 'client-1', 'no reason', now())"
    with psycopg.connect(api.database.url) as connection:
        connection.execute("SET ROLE lotwarden_client")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(call, (asked,))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT erase_words(1, 'Mrs Smith', 'administrator-1', 'nobody else', now())",
        "SELECT erase_words(1, 'torn box', 'bea', 'other words', now())",
        "SELECT erase_words(2, 'Mrs Smith', 'bea', 'no such', now())",
        "UPDATE hold SET reason = 'none'",
        "UPDATE event SET reason = '[erased]'",
        "UPDATE seal_row SET salt = NULL",
        "COMMENT ON COLUMN hold.kind IS 'free text'",
    ],
)
def test_the_ledger_at_work_erases_only_what_was_asked_for(api: Api, statement: str) -> None:
    held(api)
    api.administrator.ok("POST", PATH, json=ASKED)
    with pytest.raises(psycopg.Error), api.database.transaction() as connection:  # noqa: PT012 - in one transaction
        connection.execute("SELECT set_config('lotwarden.change', 'E', true)")
        connection.execute(statement.encode())


AS_ERASED = "it was changed as erased, and no erasure that two people agreed to names it"


@pytest.mark.parametrize("told", ["nothing", "an event", "an erasure of the same moment", "an erasure by one person"])
def test_an_erasure_forged_by_a_superuser_is_found(api: Api, told: str) -> None:
    _, hold = held(api)
    if told == "an erasure by one person":
        api.administrator.ok("POST", PATH, json=ASKED)
    sealed(api.database)
    with psycopg.connect(api.database.url) as connection:
        forge_erasure(connection, "hold", hold, "reason", "torn box; called [erased]", told=told)
    sealed(api.database)
    found = {(each.where, each.what) for each in verify(api.database).findings}
    assert (f"hold {hold}", AS_ERASED) in found


def test_words_are_not_put_in_place_of_others_after_an_erasure(api: Api) -> None:
    _, hold = held(api)
    erased(api)
    sealed(api.database)
    for statement, where, what in (
        ("UPDATE seal_row SET salt = NULL WHERE of_table = 'movement'", "movement", "it is not what was sealed"),
        ("UPDATE seal_row SET salt = NULL WHERE of_table = 'api_token'", "seal_row", "its salt is gone"),
        ("UPDATE erased_row SET row_name = '999' WHERE of_table = 'hold'", "erased_row", "was not changed then"),
        ("UPDATE erased_row SET columns = '{kind}' WHERE of_table = 'hold'", "hold kind", "no free text"),
        ("UPDATE word_erasure SET decided_by = 'x', asked_by = 'y'", f"hold {hold}", AS_ERASED),
    ):  # fmt: skip
        with psycopg.connect(api.database.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement.encode())
            connection.commit()
            found = verify(api.database).findings
        assert [each for each in found if where in each.where and what in each.what], (statement, found)
