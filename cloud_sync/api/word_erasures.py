"""Erasing words about people from free text: looked for, asked for, and done by another one."""

from typing import Any

from fastapi import APIRouter

from cloud_sync.actions.people import erased_words
from cloud_sync.api.access import AccessGiver, ApiRoute, Ledger, Listing, Now
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, WhyIn
from cloud_sync.api.schemas.word_erasure import (
    ErasedRowOut,
    WordErasureIn,
    WordErasureOut,
    WordsFoundOut,
    WordsIn,
)

router = APIRouter(tags=["people"], route_class=ApiRoute, responses=answers(404, 409))


@router.post("/word-erasures/preview", summary="See where words stand", response_model=WordsFoundOut)
def preview_words(said: WordsIn, database: Ledger, _: AccessGiver) -> Any:
    """In how many rows of which free text words stand, and which legal holds forbid their erasure. Nothing is changed.

    They are found in any case, as whole words, with any space between them.
    """
    return erased_words.preview(database, said.words)


@router.post("/word-erasures", summary="Ask for the erasure of words", status_code=201, response_model=WordErasureOut)
def ask_word_erasure(said: WordErasureIn, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """Have another person look at it. Nothing is changed before they approve."""
    return erased_words.ask(database, said.words, reason=said.reason, at=now, actor=actor.name)


@router.post("/word-erasures/{erasure_id}/approve", summary="Erase words", response_model=WordErasureOut)
def approve_word_erasure(erasure_id: Id, why: WhyIn, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """Do what another one asked for: `[erased]` stands in place of the words, wherever they are then.

    What was sealed of these rows before can no longer be computed again; `cloud-sync verify` accepts these changes and
    no others. Signatures on such a record say that words were erased, and whether all else is as signed.
    """
    return erased_words.approve(database, erasure_id, reason=why.reason, at=now, actor=actor.name)


@router.post("/word-erasures/{erasure_id}/reject", summary="Leave words", response_model=WordErasureOut)
def reject_word_erasure(erasure_id: Id, why: WhyIn, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """Leave the words where they are; whoever asked for it withdraws it so."""
    return erased_words.reject(database, erasure_id, reason=why.reason, at=now, actor=actor.name)


@router.get("/word-erasures", summary="List erasures of words", response_model=Listed[WordErasureOut])
def list_word_erasures(database: Ledger, _: AccessGiver, page: Listing, only_open: bool = False) -> Any:
    """Erasures of words, the latest first. The words are shown while one waits, and kept nowhere after that."""
    rows = erased_words.list_word_erasures(
        database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset
    )
    return page.of(rows)


@router.get("/word-erasures/{erasure_id}/rows", summary="See what was erased", response_model=list[ErasedRowOut])
def list_erased_rows(erasure_id: Id, database: Ledger, _: AccessGiver) -> Any:
    """The rows, their columns, and how many places in each; the first thousand."""
    return erased_words.rows_of_erasure(database, erasure_id)
