"""One-time codes, by the vectors of the RFCs."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.domain.totp import STEP_S, hotp, step_at, step_of_code, uri_of

SECRET = b"12345678901234567890"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
RFC_4226_D = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
RFC_6238_B = [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
    (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
]  # fmt: skip


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226_D)))
def test_codes_by_counter_are_those_of_rfc_4226(counter: int, code: str) -> None:
    assert hotp(SECRET, counter) == code


@pytest.mark.parametrize(("seconds", "code"), RFC_6238_B)
def test_codes_by_time_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert hotp(SECRET, step_at(datetime.fromtimestamp(seconds, UTC)), digits=8) == code


def test_a_clock_may_be_a_step_off_and_no_more() -> None:
    for steps, is_good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = hotp(SECRET, step_at(NOW + timedelta(seconds=steps * STEP_S)))
        assert (step_of_code(SECRET, code, NOW) is not None) is is_good


def test_a_code_of_a_step_that_was_used_is_none() -> None:
    step = step_at(NOW)
    assert step_of_code(SECRET, hotp(SECRET, step), NOW, after=step) is None
    assert step_of_code(SECRET, hotp(SECRET, step + 1), NOW, after=step) == step + 1
    assert step_of_code(SECRET, "", NOW) is None


def test_the_app_reads_the_secret_from_the_uri() -> None:
    assert uri_of(SECRET, "amy") == (
        "otpauth://totp/Lotwarden:amy?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Lotwarden&digits=6&period=30"
    )
