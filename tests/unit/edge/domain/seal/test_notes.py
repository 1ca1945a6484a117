"""Checkpoints are signed and taken apart as C2SP's signed-note, tlog-checkpoint and tlog-cosignature say."""

import base64

import pytest
from nacl.signing import VerifyKey

from edge_agent.domain.seal.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteFault,
    cosignature_line,
    cosignature_words,
    key_id,
    opened_line,
    opened_note,
    signature_line,
    signed_note,
)

CHECKPOINT = Checkpoint("lotwarden/1", 42, bytes(range(32)))
KEY = bytes(range(32, 64))


def test_the_published_example_of_a_signed_note_is_read_and_is_genuine() -> None:
    # The example of golang.org/x/mod/sumdb/note, after which C2SP's signed-note is made.
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = (
        "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
        "BwJnAM="
    )
    public_key = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    signature = opened_line(line)
    assert signature.name == "PeterNeumann"
    assert signature.key_id == key_id("PeterNeumann", public_key) == bytes.fromhex("c74f20a3")
    assert VerifyKey(public_key).verify(text.encode(), signature.signature)
    assert signature_line("PeterNeumann", public_key, signature.signature) == line + "\n"


def test_a_note_says_what_went_into_it() -> None:
    note = signed_note(
        CHECKPOINT,
        signature_line("lotwarden/1", KEY, b"s" * 64),
        cosignature_line("gw-1", KEY, 1_800_000_000, b"c" * 64),
    )
    checkpoint, (log, witness) = opened_note(note)
    assert checkpoint == CHECKPOINT
    assert (log.name, log.key_id, log.signature) == ("lotwarden/1", key_id("lotwarden/1", KEY), b"s" * 64)
    assert witness.key_id == key_id("gw-1", KEY, COSIGNATURE)
    assert witness.signature == (1_800_000_000).to_bytes(8, "big") + b"c" * 64


def test_a_witness_signs_the_time_and_the_checkpoint() -> None:
    root = base64.b64encode(bytes(range(32))).decode()
    assert cosignature_words(CHECKPOINT, 7) == f"cosignature/v1\ntime 7\nlotwarden/1\n42\n{root}\n".encode()


GOOD = signed_note(CHECKPOINT, signature_line("lotwarden/1", KEY, b"s" * 64))


@pytest.mark.parametrize(
    "bad",
    [
        "", "\n\n", GOOD.replace("\n\n", "\n"), GOOD.replace("\n42\n", "\n042\n"), GOOD.replace("\n42\n", "\n-1\n"),
        GOOD.replace("AAEC", "AA"), GOOD.replace("\n\n", "\nextension\n\n"), GOOD[:-1], GOOD + "x\n",
        GOOD.replace("\N{EM DASH} ", "- "), GOOD.replace("lotwarden/1\n42", "\n42"), GOOD + "y" * 100_000,
        GOOD.replace("\n42\n", f"\n{2**63}\n"), GOOD.replace("\n42\n", "\n\N{ARABIC-INDIC DIGIT FOUR}\n"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(bad: str) -> None:
    with pytest.raises(NoteFault):
        opened_note(bad)
