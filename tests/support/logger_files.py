"""Exports of loggers as devices of these models write them, with values of our own."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

MARK = "\tx"


def q_tag(values: Iterable[float], *, first: datetime, minutes: int = 10, alarm_at: datetime | None = None) -> bytes:
    """A Q-tag CLm doc LR that alarms above 8 °C after 30 min in one piece or 60 min in all, and below 2 °C."""
    rows = "".join(
        f"\t{first + timedelta(minutes=minutes * number):%Y-%m-%d %H:%M}\t{value:.1f}{MARK if value > 8 else ''}\n"
        for number, value in enumerate(values)
    )
    above = f"   TS S: {alarm_at:%Y-%m-%d %H:%M}, t A: 45, TS A: {alarm_at:%Y-%m-%d %H:%M}\n" if alarm_at else ""
    return (
        "Device: Q-tag CLm doc LR\nVers: 1.9\nFw Vers: 4.7.04o\nSensor: 1\nConf:\n Serial: RCPJ00099\n Zone: 0.00\n"
        " User String 1:\n Logging Interval: 10\n Test Res: 1, Test TS: 2026-01-27 10:17\n Alarm:\n"
        "  1:\n   Type: 2, T AL: 8.0, t AL: 30\n  2:\n   Type: 4, T AL: 8.0, t AL: 60\n  3:\n   Type: 0\n"
        "  5:\n   Type: 1, T AL: 2.0, t AL: 30\nRes:\n TS Batt Temp:\n Run Number: 3\n Alarm:\n"
        f"  1:\n{above}  2:\n  5:\n"
        f"Marker:\n\tNumber\tT\tyyyy-MM-dd hh:mm\t\nData:\n\tyyyy-MM-dd hh:mm\tT\tOut of limits\n{rows}"
        "Cert:\n Vers: 1.0\n Lot: 1\n Issuer: Qtag AG\n Public Key: 17\nSig Cert: 1c\nSig: 85\n"
    ).encode()


def fridge_tag_2(days: Sequence[tuple[str, float, float, float, int]], *, reported: str) -> bytes:
    """A Fridge-tag 2: day, least, mean, greatest, minutes above 8 °C; it alarms after 600 min. The newest first."""
    told = ""
    for number, (day, least, mean, greatest, above) in enumerate(days, start=1):
        alarm = ", TS A: 00:00, C A: 0" if above >= 600 else ""
        told += (
            f" {number}:\n  Date: {day}\n  Min T: {least:+.1f}, TS Min T: 04:10\n"
            f"  Max T: {greatest:+.1f}, TS Max T: 14:20\n"
            f"  Avrg T: {mean:+.1f}\n  Alarm:\n   0:\n    t Acc: 0\n   1:\n    t Acc: {above}{alarm}\n"
            "  Int Sensor timeout:\n   t AccST: 0\n  Events: 0\n"
        )
    return (
        "Device: Q-tag Fridge-tag 2\nVers: 0.5\nFw Vers: 3.4p0o\nSensor: 1\nConf:\n Serial: 130400190099\n Zone: 0.00\n"
        " Temp unit: C\n Alarm:\n  0:\n   T AL: -0.5, t AL: 60\n  1:\n   T AL: +8.0, t AL: 600\n Int Sensor:\n"
        "  Timeout: 1, Offset: +0.0\n Report history length: 60\nHist:\n TS Actv: 2026-01-02 02:22\n"
        f" TS Report Creation: {reported}\n{told}Cert:\n Vers: 1.0\nSig Cert: 6e\nSig: c5\n"
    ).encode()
