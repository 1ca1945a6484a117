"""``cloud-sync alert``: set up, tried and acknowledged at a terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.alert_parts import Postbox, mail_server


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with mail_server() as opened:
        yield opened


def test_a_target_is_added_tried_and_subscribed(tmp_path: Path, ledger_url: str, postbox: Postbox) -> None:
    path = config(tmp_path, 'data_dir = "nowhere"')
    text = f'\n[alerts]\nsmtp_host = "127.0.0.1"\nsmtp_port = {postbox.port}\nsmtp_security = "none"\n'
    path.write_text(path.read_text() + text + 'mail_from = "lotwarden@example.org"\n')

    def said(*arguments: str) -> tuple[int, str]:
        ended = run("alert", *arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, ended.stdout + ended.stderr

    assert said("target", "amy", "--mail", "amy@example.org")[0] == 0
    assert said("test", "amy") == (0, "handed over to amy\n")
    assert [mail["Subject"] for mail in postbox.mails] == ["[TEST] Lotwarden can reach you"]
    postbox.refuses.add("amy@example.org")
    code, text = said("test", "amy")
    assert code == 1 and "550 5.1.1 no such user" in text
    subscribe = (
        "subscribe",
        "all",
        "--to",
        "amy",
        "--severity",
        "alert",
        "--quiet",
        "22:00-06:00",
        "--escalate",
        "10:amy",
    )
    assert said(*subscribe) == (0, "amy gets what all says\n")
    assert "22:00" in said("subscriptions")[1]
    assert said("subscribe", "x", "--to", "amy", "--severity", "info", "--escalate", "soon:amy")[0] == 1
    assert said("acknowledge", "5", "--comment", "on my way")[0] == 1
