"""Whose receipts a gateway believes: of every answer, the ledger's own alone."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.ledger_keys import LedgerKeys
from edge_agent.domain.wire.receipts import handover_words, receipts_words
from edge_agent.errors import ConfigError
from edge_agent.uplink.receipts import Parsed, parse_receipts
from edge_agent.uplink.trust import KEYS_FILE, LedgerTrust

OURS = LedgerKeys(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))), ())
OTHER = LedgerKeys(Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))), ())
RECEIPT = {"digest": "a" * 64, "outcome": "stored", "reason": "Gr\u00fc\u00dfe"}
OTHER_RECEIPT = {"digest": "c" * 64, "outcome": "duplicate", "reason": ""}


def parsed(answer: Any, trust: LedgerTrust | None = None, *, learns: bool = False) -> Parsed:
    known = LedgerTrust([OURS.public_key]) if trust is None else trust
    return parse_receipts(json.dumps(answer).encode(), known, learns=learns)


def handover(old: LedgerKeys, new: LedgerKeys) -> dict[str, str]:
    words = handover_words(new.public_key, old.public_key)
    return {
        "key": new.public_key,
        "by": old.public_key,
        "signature": base64.b64encode(old.private.sign(words)).decode(),
    }


def test_a_receipt_that_the_ledger_signed_counts() -> None:
    assert [each.outcome for each in parsed(OURS.sign([RECEIPT])).receipts] == ["stored"]


@pytest.mark.parametrize(
    "change",
    [
        {"receipts": [RECEIPT | {"outcome": "duplicate"}, OTHER_RECEIPT]},
        {"receipts": [RECEIPT | {"digest": "b" * 64}, OTHER_RECEIPT]},
        {"receipts": [RECEIPT | {"reason": ""}, OTHER_RECEIPT]},
        {"receipts": [RECEIPT, OTHER_RECEIPT | {"reason": "x"}]},
        {"receipts": [OTHER_RECEIPT, RECEIPT]},
        {"receipts": [RECEIPT, RECEIPT]},
        {"signature": ""},
        {"signature": "no base64!"},
        {"signature": "AAAA"},
        {"key": ""},
        {"key": OTHER.public_key},
    ],
)
def test_of_an_answer_that_was_changed_or_is_not_signed_nothing_counts(change: dict[str, Any]) -> None:
    found = parsed(OURS.sign([RECEIPT, OTHER_RECEIPT]) | change)
    assert (found.receipts, len(found.forged)) == ((), 2)


@pytest.mark.parametrize("receipts", [[RECEIPT], [RECEIPT, OTHER_RECEIPT, OTHER_RECEIPT | {"digest": "d" * 64}]])
def test_an_answer_with_a_receipt_more_or_less_than_was_signed_is_forged(receipts: list[dict[str, str]]) -> None:
    found = parsed(OURS.sign([RECEIPT, OTHER_RECEIPT]) | {"receipts": receipts})
    assert (found.receipts, len(found.forged)) == ((), len(receipts))


@pytest.mark.parametrize("beside", [None, "x", {"digest": 7}, {"digest": "c" * 64, "outcome": "stored"}])
def test_an_answer_with_something_else_beside_what_was_signed_is_forged(beside: object) -> None:
    answer = OURS.sign([RECEIPT])
    answer["receipts"].append(beside)
    found = parsed(answer)
    assert (found.receipts, found.unreadable, found.forged) == ((), 1, ("a" * 64,))


def test_words_are_never_the_same_for_other_receipts() -> None:
    """What one receipt says must not be read as the end of it and the beginning of the next."""
    apart = [("a" * 64, "stored", "x"), ("b" * 64, "stored", "")]
    together = [("a" * 64, "stored", f'x"],["{"b" * 64}","stored","')]
    assert receipts_words(apart) != receipts_words(together)
    assert receipts_words(apart) == (
        f'lotwarden receipts 1\n[["{"a" * 64}","stored","x"],["{"b" * 64}","stored",""]]'.encode()
    )


def test_half_a_character_from_a_crooked_gateway_in_a_reason_does_not_stop_the_signing() -> None:
    odd = RECEIPT | {"reason": '\ud800 and \n and "'}
    assert [each.reason for each in parsed(OURS.sign([odd])).receipts] == ['? and \n and "']


def test_an_outcome_of_a_later_ledger_is_passed_over_and_the_receipts_beside_it_count() -> None:
    found = parsed(OURS.sign([RECEIPT | {"outcome": "postponed"}, OTHER_RECEIPT]))
    assert ([each.digest for each in found.receipts], found.unreadable, found.forged) == (["c" * 64], 1, ())


def test_the_first_key_is_learned_only_where_the_ledger_has_proven_who_it_is_and_only_once() -> None:
    trust = LedgerTrust()
    assert parsed(OURS.sign([RECEIPT]), trust).forged and trust.keys == ()
    assert parsed(OURS.sign([RECEIPT]), trust, learns=True).receipts
    assert parsed(OTHER.sign([RECEIPT]), trust, learns=True).forged
    assert trust.keys == (OURS.public_key,)


def test_a_new_key_is_followed_by_the_old_ones_word_and_the_old_one_counts_until_the_next() -> None:
    third = LedgerKeys(Ed25519PrivateKey.generate(), ())
    trust = LedgerTrust([OURS.public_key])
    answer = third.sign([RECEIPT])
    answer["handovers"] = [handover(OURS, OTHER), handover(OTHER, third)]
    assert parsed(answer, trust).receipts
    assert trust.keys == (OTHER.public_key, third.public_key)


def test_a_handover_that_a_stranger_signed_is_not_followed() -> None:
    trust = LedgerTrust([OURS.public_key])
    answer = OTHER.sign([RECEIPT])
    answer["handovers"] = [{**handover(OTHER, OTHER), "by": OURS.public_key}]
    assert parsed(answer, trust).forged
    assert trust.keys == (OURS.public_key,)


def test_the_key_outlives_a_restart_and_a_person_may_replace_it_meanwhile(tmp_path: Path) -> None:
    LedgerTrust.load(tmp_path).believe_only(OURS.public_key)
    running = LedgerTrust.load(tmp_path)
    assert running.keys == (OURS.public_key,)
    LedgerTrust.load(tmp_path).believe_only(OTHER.public_key)
    running.reread()
    assert running.keys == (OTHER.public_key,)
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_key_is_a_config_error_that_says_what_to_do_and_can_be_replaced(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).write_text("rubbish\n")
    with pytest.raises(ConfigError, match=r"'rubbish' is not a key: run edge-agent enroll .* trust-ledger --key"):
        LedgerTrust.load(tmp_path)
    LedgerTrust.load_or_none(tmp_path).believe_only(OURS.public_key)
    assert LedgerTrust.load(tmp_path).keys == (OURS.public_key,)
    with pytest.raises(ConfigError, match="44 characters"):
        LedgerTrust.load(tmp_path).believe_only("abc")
