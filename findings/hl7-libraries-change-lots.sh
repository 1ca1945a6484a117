#!/bin/sh
# Surprise: hl7apy leaves Z-segments inside of groups out of a message without a word, and writes a lot's \X2D\ back as
# \E\X2D\E\; hl7 reads the emphasis \H\ and \N\ in a value as underscores and drops local escapes (\Zff\).
# Why it matters: a cabinet's lot may stand in a Z-segment of its group, or be written with escapes; another lot, or none, is booked.
# Version: hl7apy 1.3.5, hl7 0.4.5 (both the newest). Seen: 2026-11-29.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q hl7apy==1.3.5 hl7==0.4.5
"$dir/venv/bin/python" - <<'PY'
import sys

import hl7
from hl7apy.parser import parse_message

MESSAGE = "\r".join((
    r"MSH|^~\&|PHARM|MAIN|LEDGER|MAIN|20261129080000||RDS^O13^RDS_O13|C1|P|2.5.1",
    "PID|1||77",
    "ORC|RE|P1",
    r"RXD|1|0591-0369-01^X^NDC|20261129080000|30|TAB|||||||||||||A7\X2D\B",
    "ZLT|1|LOT-IN-A-SEGMENT-OF-ITS-OWN",
    "",
))
grouped, flat = parse_message(MESSAGE), parse_message(MESSAGE, find_groups=False)
lot = flat.rxd[0].rxd_18.to_er7()
emphasis, local = (hl7.parse(MESSAGE).unescape(text) for text in (r"A\H\7\N\B", r"A\Zff\B"))
print("hl7apy, grouped:    ZLT is", "there" if "ZLT" in grouped.to_er7() else "gone")
print("hl7apy, not grouped: ZLT is", "there" if "ZLT" in flat.to_er7() else "gone")
print(r"hl7apy writes A7\X2D\B as", lot)
print(r"hl7 reads A\H\7\N\B as", emphasis, r"and A\Zff\B as", local)
surprised = (
    "ZLT" not in grouped.to_er7() and "ZLT" in flat.to_er7() and lot == r"A7\E\X2D\E\B" and emphasis == "A_7_B" and local == "AB"
)
print("as seen" if surprised else "the behaviour changed")
sys.exit(not surprised)
PY
