"""Erasing words about a person from free text: one asks for it, another one does it, and the seal still fits.

Reasons, notes and descriptions are sealed as they were written, and somebody writes ``called Mrs Smith`` into one.
The words are replaced by ``[erased]`` in every column of free text (``storage/free_texts.py``) of every row, events
and the older values in them included. Each sealed row that changes is named by the erasure in the same transaction,
and the salts of what was sealed of it before go, so that nobody confirms a guess. What was decided stays.
"""

from datetime import datetime
from typing import Any

from cloud_sync.domain.erased_words import ROWS_MAX, fault_of, tidied
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.governance.legal_holds import check_words_may_go
from cloud_sync.posting.personal_data import keep_words_apart
from cloud_sync.posting.signatures import digests_without_words, how_signatures_stand
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

ROWS_SHOWN_MAX = 1000


def preview(database: Database, words: str) -> dict[str, Any]:
    """What an erasure of these words would change; nothing is.

    ``words`` as they are looked for, in how many ``rows`` they stand how often (``places``), ``found``: in how many
    rows of which ``table`` and ``column``; ``within_longer_words`` and ``documents``: in how many texts they are part
    of longer words, and in how many messages and documents of others, which both stay; ``legal_holds`` that forbid it.
    Raises ``Invalid``.
    """
    with database.transaction() as connection:
        words = _checked(words)
        touched = queries("erased_words").what_words_touch(connection, words=words)
        return {
            "words": words,
            "rows": touched["rows"],
            "places": touched["places"],
            "found": touched["found"],
            "within_longer_words": queries("erased_words").texts_with_longer_words(connection, words=words),
            "documents": queries("erased_words").documents_with(connection, content=words.encode()),
            "legal_holds": [hold["id"] for hold in touched["legal_holds"]],
        }


def ask(database: Database, words: str, *, reason: str, at: datetime, actor: str) -> Row:
    """Ask for the erasure of words. Asking for the same again is harmless.

    Raises ``Invalid`` for words that cannot be erased, ``NotFound`` if they stand nowhere, ``Conflict`` if they stand
    in too many rows, in a record under a legal hold, or if somebody else asked for them already.
    """
    with database.transaction() as connection:
        words = _checked(words)
        for row in queries("erased_words").open_word_erasures(connection):
            if row["words"].casefold() == words.casefold():
                if row["asked_by"] != actor:
                    raise Conflict(
                        f"{row['asked_by']} asked for the erasure of these words already, as erasure {row['id']}",
                        f"Approve it: POST /v1/word-erasures/{row['id']}/approve.",
                    )
                return _told_of(connection, row["id"])
        places = _touched(connection, words)["places"]
        token = keep_words_apart(connection, words)
        erasure_id: int = queries("erased_words").ask_word_erasure(
            connection, words=token, reason=reason, places=places, actor=actor, at=at
        )
        add_event(connection, actor=actor, kind="words_erasure_asked", subject=f"word_erasure:{erasure_id}",
                  reason=reason, data={"places": places})  # fmt: skip
        return _told_of(connection, erasure_id)


def ask_or_approve(database: Database, words: str, *, reason: str, at: datetime, actor: str) -> Row:
    """Ask for it, or do what another one asked for; raises as :func:`ask` and :func:`approve` do."""
    with database.transaction() as connection:
        wanted = _checked(words).casefold()
        waiting = [row for row in queries("erased_words").open_word_erasures(connection)
                   if row["words"].casefold() == wanted and row["asked_by"] != actor]  # fmt: skip
    if waiting:
        return approve(database, waiting[0]["id"], reason=reason, at=at, actor=actor)
    return ask(database, words, reason=reason, at=at, actor=actor)


def approve(database: Database, erasure_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Erase the words that another one asked for. Raises ``NotFound``, ``Conflict``, ``NotAllowed`` for who asked."""
    with database.transaction() as connection:
        asked = _waiting(connection, erasure_id)
        if asked["asked_by"] == actor:
            raise NotAllowed(f"{actor} asked for erasure {erasure_id}", "Somebody else has to approve it.")
        words = asked["said"]
        signed = _touched(connection, words)["signatures"]
        records = {(RecordKind(row["record_kind"]), row["record_id"]) for row in signed}
        stand = how_signatures_stand(connection, records)
        signatures = [stand[row["id"]] for row in signed]
        told = queries("erased_words").without_words(connection, said=reason, words=words)
        rows: int = queries("erased_words").erase_words(
            connection, erasure_id=erasure_id, words=words, actor=actor, reason=told, at=at
        )
        for signature in signatures:
            record_sha256, sha256 = digests_without_words(connection, signature)
            queries("erased_words").add_erased_signature(
                connection, signature_id=signature["id"], erasure_id=erasure_id, stood=signature["stood"],
                was_intact=signature["was_intact"], record_sha256=record_sha256, sha256=sha256,
            )  # fmt: skip
        data = {"erasure": erasure_id, "asked_by": asked["asked_by"], "rows": rows, "signatures": len(signatures)}
        add_event(connection, actor=actor, kind="words_erased", subject=f"word_erasure:{erasure_id}", reason=told,
                  data=data)  # fmt: skip
        return _told_of(connection, erasure_id)


def reject(database: Database, erasure_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Leave the words where they are; whoever asked may withdraw it so. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        asked = _waiting(connection, erasure_id)
        queries("erased_words").reject_word_erasure(connection, id=erasure_id, actor=actor, at=at, reason=reason)
        queries("personal_data").erase_values(connection, person=asked["words"], at=at)
        add_event(connection, actor=actor, kind="words_erasure_rejected", subject=f"word_erasure:{erasure_id}",
                  reason=reason, data={"asked_by": asked["asked_by"]})  # fmt: skip
        return _told_of(connection, erasure_id)


def list_word_erasures(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Erasures of words, the latest first, each with its ``state`` (waits, done, rejected), its ``words`` while it
    waits, and how many ``rows`` were changed."""
    with database.transaction() as connection:
        found = queries("erased_words").word_erasures(
            connection, erasure_id=None, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [_told(row) for row in found]


def rows_of_erasure(database: Database, erasure_id: int) -> list[Row]:
    """Which rows an erasure changed: table, row, columns, places. Raises ``NotFound``."""
    with database.transaction() as connection:
        _locked(connection, erasure_id)
        found = queries("erased_words").erased_rows(connection, erasure_id=erasure_id, rows_max=ROWS_SHOWN_MAX)
        return [
            {"table": row["of_table"], "row": row["row_name"], "columns": row["columns"], "places": row["places"]}
            for row in found
        ]


def _checked(words: str) -> str:
    words = tidied(words)
    if fault := fault_of(words):
        raise Invalid(f"these words cannot be erased: {fault}", "Give a name as it was written, such as Mrs Smith.")
    return words


def _touched(connection: Connection, words: str) -> Row:
    """What an erasure of these words would change, if it may be done."""
    touched: Row = queries("erased_words").what_words_touch(connection, words=words)
    if not touched["rows"]:
        raise NotFound("these words stand in no free text", "Give them as they were written, in any case.")
    if touched["rows"] > ROWS_MAX:
        raise Conflict(
            f"these words stand in {touched['rows']} rows; at most {ROWS_MAX} are changed at once",
            "Give more of them: the full name, or the words around it.",
        )
    check_words_may_go(touched["legal_holds"])
    return touched


def _waiting(connection: Connection, erasure_id: int) -> Row:
    row = _locked(connection, erasure_id)
    if row["decision"] is not None:
        raise Conflict(f"erasure {erasure_id} was {row['decision']} by {row['decided_by']}")
    return row


def _locked(connection: Connection, erasure_id: int) -> Row:
    row: Row | None = queries("erased_words").lock_word_erasure(connection, id=erasure_id)
    if row is None:
        raise NotFound(f"there is no erasure {erasure_id}", "See GET /v1/word-erasures for those there are.")
    return row


def _told_of(connection: Connection, erasure_id: int) -> Row:
    (row,) = queries("erased_words").word_erasures(connection, erasure_id=erasure_id, only_open=False, rows_max=1,
                                                   rows_skipped=0)  # fmt: skip
    return _told(row)


def _told(row: Row) -> Row:
    return {**row, "rows": row["row_count"], "state": row["decision"] or "waits"}
