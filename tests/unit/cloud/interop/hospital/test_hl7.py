r"""HL7 messages: nothing of what came is lost, escapes and Z-segments survive, and two other libraries agree where
they can."""

from contextlib import suppress

import hl7
import pytest
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.interop.hospital.hl7 import (
    AmbiguousValue,
    FieldPath,
    Hl7Fault,
    Segment,
    Separators,
    build_segment,
    escape,
    parse,
    parse_path,
    unescape,
)

HERE = Separators()
MSH = r"MSH|^~\&|PHARM|MAIN|LEDGER|MAIN|20261129080000+0000||RDS^O13^RDS_O13|C1|P|2.5.1"
LOT = r"AB\F\1\S\2\T\3\R\4\E\5\X2D\6"
RDS = "\r".join(
    (
        MSH,
        "PID|1||77^^^H~88^^^X",
        "PV1|1|I|3W",
        "ORC|RE|P1",
        f"RXD|1|0591-0369-01^X^NDC|20261129080000+0000|30|TAB^T|||||9^N||||||||{LOT}|20270331",
        r"ZLT|1|extra\H\bold\N\|\Zff\\.br\|",
        "ORC|RE|P2",
        "RXD|1|0591-0369-01^X^NDC|20261129080000+0000|1|TAB",
        "ZLT|2|second",
        "",
    )
)


def at(path: str, message: str = RDS) -> str:
    found = parse_path(path)
    return next(parse(message.encode()).named(found.segment)).value(found)


def test_a_message_stays_as_it_came() -> None:
    for ending in ("\r", "\r\n", "\n"):
        sent = RDS.replace("\r", ending).encode()
        assert bytes(parse(sent)) == sent
    assert bytes(parse(RDS.rstrip("\r").encode())) == RDS.rstrip("\r").encode()


def test_escapes_in_a_lot_survive() -> None:
    assert at("RXD-18") == "AB|1^2&3~4\\5-6"
    assert at("ZLT-2") == "extrabold"
    assert at("ZLT-3") == r"\Zff\\.br\ ".strip()


def test_z_segments_stay_where_they_stood() -> None:
    assert [segment.name for segment in parse(RDS.encode()).segments][4:] == ["RXD", "ZLT", "ORC", "RXD", "ZLT"]


def test_what_has_parts_is_not_guessed() -> None:
    assert (at("PID-3(2).1"), at("RXD-2.1"), at("RXD-19.1"), at("RXD-44"), at("MSH-9.2")) == (
        "88",
        "0591-0369-01",
        "20270331",
        "",
        "O13",
    )
    with pytest.raises(AmbiguousValue, match=r"PID-3\.1 has 2 repetitions; name one, as PID-3\(1\)\.1"):
        at("PID-3.1")
    with pytest.raises(AmbiguousValue, match=r"RXD-2 has 3 components; name one of them, as RXD-2.1"):
        at("RXD-2")


def test_other_separators_and_character_sets_are_those_of_the_message() -> None:
    sent = "MSH#@*!%#A#B###20261129##ZPM#C1#P#2.5######8859/1\rZPM#L\xf6t!S!7\r".encode("iso-8859-1")
    message = parse(sent)
    assert next(message.named("ZPM")).value(FieldPath("ZPM", 1)) == "Löt@7"
    assert (message.type, message.charset, bytes(message) == sent) == ("ZPM", "iso-8859-1", True)


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        (b"", "100", "does not begin with MSH"),
        (b"PID|1", "100", "does not begin with MSH"),
        (b"MSH|^~\\^|A", "100", "four separators are needed"),
        (f"{MSH}\rlot 7".encode(), "100", "line 2 of the message is no segment"),
        (f"{MSH}\rZPM|\xe9".encode(), "102", "is not ascii"),
        (f"{MSH}||||||KLINGON".encode(), "103", "which is not read"),
        (b"MSH|^~\\&|" + b"A" * (1 << 20), "100", "are the most"),
    ],
)
def test_what_is_no_message_says_why(content: bytes, code: str, reason: str) -> None:
    with pytest.raises(Hl7Fault) as refused:
        parse(content)
    assert (refused.value.code, reason in refused.value.reason) == (code, True), refused.value.reason


def test_paths_name_fields() -> None:
    assert [str(parse_path(each)) for each in ("RXD-2", "RXD-2.1", "PID-3(2).4.1")] == [
        "RXD-2",
        "RXD-2.1",
        "PID-3(2).4.1",
    ]
    for wrong in ("RXD", "RXD-0", "rxd-2", "RXD-2.", "RXD-2(0)", "RXD.2"):
        with pytest.raises(ValueError, match="names no field"):
            parse_path(wrong)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_any_value_comes_back(value: str) -> None:
    assert unescape(escape(value, HERE), HERE) == value
    segment = Segment(build_segment("ZPM", ["1", value, ("a", value)], HERE), HERE)
    if value and value != '""':
        assert (segment.value(FieldPath("ZPM", 2)), segment.value(FieldPath("ZPM", 3, 1, 2))) == (value, value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_fault(content: bytes) -> None:
    for sent in (content, MSH.encode() + b"\r" + content):
        with suppress(Hl7Fault):
            assert bytes(parse(sent, charset="iso-8859-1")) == sent


def test_another_library_reads_the_same_values() -> None:
    theirs = hl7.parse(RDS)
    ours = parse(RDS.encode())
    assert [str(segment[0]) for segment in theirs] == [segment.name for segment in ours.segments]
    for path in ("MSH-10", "RXD-4", "RXD-19", "ORC-2", "PV1-3"):
        found = parse_path(path)
        assert str(theirs.segment(found.segment)[found.field]) == at(path)
    assert theirs.unescape(r"A\F\B\S\C\T\D\R\E\E\F") == unescape(r"A\F\B\S\C\T\D\R\E\E\F", HERE)


def test_a_third_library_reads_the_same_fields() -> None:
    theirs = parse_message(RDS, find_groups=False)
    assert [child.name for child in theirs.children] == [segment.name for segment in parse(RDS.encode()).segments]
    assert theirs.rxd[0].rxd_4.value == at("RXD-4")
