"""Files of loggers: read where they are certain, asked where they are not, refused where they are not known."""

from datetime import UTC, datetime

import pytest

from cloud_sync.interop.loggers.judgement import judge_file
from cloud_sync.interop.loggers.model import at_utc, zone_of
from cloud_sync.interop.loggers.reading import read_logger
from cloud_sync.interop.questions import Asks, NotUnderstood
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import NoDataRule, Policy, PolicyRule
from tests.support.builders import COLD
from tests.support.logger_files import fridge_tag_2, q_tag

FIRST = datetime(2026, 5, 30, 8, 0)  # noqa: DTZ001 - by the logger's own clock
ZONE = {"zone": "+02:00"}
SLOW = Policy(
    name="slow",
    title="WHO fridge",
    silence_accepted="a test",
    rules=(
        PolicyRule(name="too-warm", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False,
                   delay_s=36_000, source="WHO PQS E006"),
        NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=3600, source="a choice"),
    ),
)  # fmt: skip


def asked(content: bytes, **answers: str) -> set[str]:
    with pytest.raises(Asks) as asks:
        read_logger(content, answers)
    return {question.key for question in asks.value.questions}


def test_a_q_tag_says_its_readings_limits_and_verdict_but_not_by_which_clock() -> None:
    content = q_tag([5.0, 8.4, 9.1, 5.2], first=FIRST, alarm_at=FIRST)
    assert asked(content) == {"zone"}
    file = read_logger(content, ZONE)
    assert (file.serial, file.verdict, len(file.readings)) == ("RCPJ00099", "alarm", 4)
    assert at_utc(file.readings[0].at, zone_of("+02:00")) == datetime(2026, 5, 30, 6, 0, tzinfo=UTC)
    judged = judge_file(file, COLD, zone_of("+02:00"))
    assert [each.text for each in judged.broken] == ["above 8: worst 9.1, 20 min"]
    assert judged.explanation == "The device and the policy say the same: limits were broken."


def test_where_the_device_is_silent_and_the_policy_is_not_the_difference_is_explained() -> None:
    file = read_logger(q_tag([5.0, 8.4, 5.2], first=FIRST), ZONE)
    explained = judge_file(file, COLD, zone_of("+02:00")).explanation
    assert explained == (
        "The device alarms above 8 °C for 30 min and above 8 °C for 60 min, added up; the policy holds above 8."
    )
    alarmed = read_logger(q_tag([5.0] + [9.0] * 5, first=FIRST, alarm_at=FIRST), ZONE)
    judged = judge_file(alarmed, SLOW, zone_of("+02:00"))
    assert not judged.broken
    assert "The policy slow holds above 8 for 600 min: that was not reached." in judged.explanation


def test_a_fridge_tag_2_is_judged_by_what_its_days_allow_and_by_the_minutes_that_it_counted() -> None:
    short = [("2026-05-30", 2.5, 4.6, 9.5, 25), ("2026-05-29", 2.5, 4.5, 7.0, 0)]
    file = read_logger(fridge_tag_2(short, reported="2026-05-30 15:14"), ZONE)
    assert (file.verdict, len(file.days)) == ("ok", 2)
    assert not judge_file(file, SLOW, zone_of("+02:00")).broken
    (broken,) = judge_file(file, COLD, zone_of("+02:00")).broken
    assert broken.worst == 9.5
    long = [("2026-05-30", 2.5, 8.6, 9.5, 400), ("2026-05-29", 2.5, 8.5, 9.0, 300)]
    file = read_logger(fridge_tag_2(long, reported="2026-05-30 15:14"), ZONE)
    assert [each.rule for each in judge_file(file, SLOW, zone_of("+02:00")).broken] == ["too-warm"]


def test_a_table_is_asked_for_all_that_it_leaves_open_and_for_nothing_else() -> None:
    content = b"Time;Temperature\n03/04/2026 10:00;5,25\n04/04/2026 10:10;8,5\n"
    assert asked(content) == {"serial", "unit", "date_order"}
    answers = {"serial": "L-7", "unit": "C", "date_order": "dmy", "zone": "+02:00"}
    file = read_logger(content, answers)
    assert [each.value for each in file.readings] == [5.25, 8.5]
    assert file.readings[0].at == datetime(2026, 4, 3, 10, 0)  # noqa: DTZ001
    certain = b"Time,Temperature(\xc2\xb0C)\n2026-04-30T10:00:00+02:00,5.2\n"
    file = read_logger(certain, {"serial": "L-7"})
    assert (file.zone, file.readings[0].value) == ("+02:00", 5.2)


def test_a_layout_that_was_never_seen_is_read_only_by_somebody_who_compared_it() -> None:
    logtag = (
        b"Model,TRIX-8\nSerial #,9900\nReading interval,10 minutes\nNon alert range,2.0  to  8.0 \xc2\xb0C\n"
        b"#,Date,Time,Reading\n1,2026-05-30,08:00:00,5.1\n2,2026-05-30,08:10:00,8.8\n"
    )
    assert asked(logtag) == {"accept_unverified"}
    file = read_logger(logtag, {"accept_unverified": "yes", **ZONE})
    assert (file.is_verified, file.serial, file.verdict) == (False, "9900", "")
    elitech = b"Elitech report\nTime,x\n1,2\n"
    assert asked(elitech) == {"header_line"}
    assert asked(elitech, header_line="2") >= {"accept_unverified"}


def test_what_is_not_known_of_a_known_layout_is_refused() -> None:
    content = q_tag([5.0], first=FIRST)
    for was, becomes in ((b"Type: 2,", b"Type: 9,"), (b"\t5.0", b"\tfive"), (b"hh:mm\tT\tOut", b"hh:mm\tF\tOut")):
        with pytest.raises(NotUnderstood):
            read_logger(content.replace(was, becomes), ZONE)
    with pytest.raises(NotUnderstood, match="clocks of Europe/Berlin were changed"):
        at_utc(datetime(2026, 10, 25, 2, 30), zone_of("Europe/Berlin"))  # noqa: DTZ001
