"""The embedded PostgreSQL server: whose it is, who may connect, and when it stops."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cloud_sync.errors import WrongUser
from cloud_sync.storage.embedded import EmbeddedServer

USE = """
import sys; from pathlib import Path; from cloud_sync.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1])); print("ready", flush=True); sys.stdin.read(); server.leave()
"""


def user_of(data_dir: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", USE, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def is_running(data_dir: Path) -> bool:
    return (data_dir / "postmaster.pid").exists()


def test_it_stops_with_its_last_user_even_after_another_one_was_killed(tmp_path: Path) -> None:
    data_dir = tmp_path / "pg"
    first, second = user_of(data_dir), user_of(data_dir)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert is_running(data_dir)
    second.communicate("")
    assert not is_running(data_dir)
    third = user_of(data_dir)
    assert is_running(data_dir)
    third.communicate("")
    assert not is_running(data_dir)


def test_only_its_own_user_may_connect_and_the_socket_is_in_no_folder_of_others(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90) / "pg"
    long.parent.mkdir()
    for data_dir in (tmp_path / "pg", long):
        server = EmbeddedServer(data_dir)
        try:
            folder = Path(server.owner_url.split("host=")[1])
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            with psycopg.connect(server.owner_url) as connection:
                rules = connection.execute("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules").fetchall()
                listens = connection.execute("SHOW listen_addresses").fetchone()
            assert (rules, listens) == ([("local", "peer")], ("",))
            with pytest.raises(psycopg.OperationalError, match=r"role|authentication"):
                psycopg.connect(server.owner_url.replace("postgres@", "somebody@"))
        finally:
            server.leave()


def test_a_folder_of_another_user_is_refused_with_the_command_to_use(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT ROOT: only root can give a folder away, so the refusal was not tried")
    data_dir = tmp_path / "pg"
    data_dir.mkdir()
    (data_dir / "PG_VERSION").write_text("18\n")
    os.chown(data_dir, 65534, 65534)
    with pytest.raises(WrongUser, match="belongs to the user nobody, and this command runs as root") as refused:
        EmbeddedServer(data_dir)
    assert "sudo -u nobody" in refused.value.what_to_do
    assert data_dir.stat().st_uid == 65534, "nothing was given to anybody else"


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A folder whose sockets have paths as short as the system wants them."""
    with tempfile.TemporaryDirectory(prefix="lw-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_socket_folder_that_somebody_prepared_is_refused(
    tmp_path: Path, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = tmp_path / ("x" * 90) / "pg"
    data_dir.parent.mkdir()
    short_dir.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_dir))
    server = EmbeddedServer(data_dir)
    folder = Path(server.owner_url.split("host=")[1])
    server.leave()
    assert folder.parent == short_dir
    folder.chmod(0o777)
    with pytest.raises(WrongUser, match="belongs to the server's user alone"):
        EmbeddedServer(data_dir)


def test_a_runtime_folder_with_a_long_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    server = EmbeddedServer(long / "pg")
    folder = Path(server.owner_url.split("host=")[1])
    server.leave()
    assert str(folder.parent) == "/tmp"
    folder.rmdir()
