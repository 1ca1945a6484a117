"""The demonstration is a test: every act of it ends with a check against the ledger."""

import os
import re
import signal
import subprocess
import sys
from datetime import datetime

import httpx

from tests.support.paths import ROOT

BUILD = ROOT / "build" / "papers"

DEMO = [sys.executable, "-m", "cloud_sync.demo"]
ENVIRONMENT = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


TOLD = (
    "line noise instead of a code: bad beep, nothing booked",
    "LOT-STAYS is on hold; what left A in time, and what was in B, is not",
    "LOT-LEAVES is the first-expiring lot that may be issued",
    "the 2 vials dispensed while the network was down are in the trace",
    "The story is true.",
)


def test_the_story_is_true_and_the_console_stays_open_for_every_role_until_it_is_stopped() -> None:
    with subprocess.Popen([*DEMO, "--stay"], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        told = []
        for line in demo.stdout:
            told.append(line)
            if "Ctrl+C" in line:
                break
        text = "".join(told)
        assert [line for line in TOLD if line not in text] == [], text
        url = re.search(r"The console: (\S+)", text)
        password = re.search(r"the password (\S+)", text)
        assert url is not None and password is not None, text
        try:
            people = dict(re.findall(r"^ +(\w+) +(\w+) *$", text[text.index(password[0]) :], re.M))
            assert people.pop("name") == "role"
            pages = {person: signed_in(url[1], person, password[1]) for person in people}
            docs = httpx.get(f"{url[1]}/docs", timeout=10)
            quality = [person for person, role in people.items() if role == "quality"]
            kept = keep_papers(url[1], quality[0], password[1])
        finally:
            demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 0
    assert set(people.values()) == {"administrator", "auditor", "facilities", "operator", "pharmacist", "production",
                                    "quality", "receiver"}  # fmt: skip
    assert len(quality) == 2, "some releases take two signatures"
    assert all(f"{person} <small>{people[person]}</small>" in page for person, page in pages.items())
    assert docs.status_code == 200 and "Lotwarden" in docs.text
    assert "lw_" not in text, "no token is shown"
    assert kept == {"excursion-report", "lot-history", "thermal-passport", "room-report"}


def keep_papers(url: str, person: str, password: str) -> set[str]:
    """The papers on what happened in the story, kept with the output of the tests; gives their kinds."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with httpx.Client(base_url=url, timeout=60, follow_redirects=True) as client:
        client.post("/login", data={"person": person, "password": password})
        excursion = client.get("/v1/excursions").json()["rows"][0]
        lot = next(row for row in client.get("/v1/lots").json()["rows"] if row["lot_number"] == "LOT-STAYS")
        month = datetime.fromisoformat(excursion["began_at"]).strftime("%Y-%m")
        wanted = {"excursion-report": excursion["id"], "lot-history": lot["id"], "thermal-passport": lot["id"],
                  "room-report": f"{excursion['place']}:{month}"}  # fmt: skip
        for kind, about in wanted.items():
            answer = client.get(f"/v1/papers/{kind}/{about}")
            assert answer.status_code == 200 and answer.content.startswith(b"%PDF-"), answer.text
            (BUILD / f"demo-{kind}.pdf").write_bytes(answer.content)
    return set(wanted)


def signed_in(url: str, person: str, password: str) -> str:
    with httpx.Client(base_url=url, timeout=20, follow_redirects=True) as client:
        return client.post("/login", data={"person": person, "password": password}).text
