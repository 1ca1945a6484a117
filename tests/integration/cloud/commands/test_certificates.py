"""TLS from the first day: ``init`` makes an authority, a gateway pins it by its fingerprint, and trusts no other."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cloud_sync import tls_authority
from cloud_sync.commands.certificates import with_tls
from cloud_sync.config import load_config
from edge_agent.config.model import UplinkSection
from edge_agent.runtime.config_loader import load_config as gateway_config
from edge_agent.uplink.tls import tls_context
from tests.integration.cloud.commands.test_cloud_sync import Serving, run, serving
from tests.support.warm_commands import Ended, run_command


def edge(*arguments: str) -> Ended:
    return run_command("edge_agent", *arguments, environment=dict(os.environ), timeout_s=60)


@contextmanager
def first_ledger(folder: Path, url: str) -> Iterator[tuple[Path, Serving]]:
    """A ledger that ``init`` set up, on any port."""
    path = folder / "ledger.toml"
    made = run("init", "amy", "--name", "Amy Miller", "--host", "127.0.0.1", "--config", str(path), url=url)
    assert made.returncode == 0, made.stderr
    path.write_text(path.read_text().replace("port = 8443", "port = 0"))
    with serving(path, url) as served:
        served.url = served.url.replace("0.0.0.0", "127.0.0.1")
        yield path, served


def invited(path: Path, url: str, gateway: str) -> tuple[str, str]:
    """The code, and the fingerprint that stands beside it."""
    said = run("gateway", "invite", gateway, "--config", str(path), url=url)
    assert "--authority " in said.stderr
    return said.stdout.strip(), said.stderr.split("--authority ")[1].split()[0]


def test_a_first_ledger_speaks_tls_and_a_gateway_trusts_its_authority_alone(tmp_path: Path, ledger_url: str) -> None:
    with first_ledger(tmp_path / "ledger", ledger_url) as (path, served):
        folder = path.parent / "tls"
        keys = [folder / tls_authority.KEY, folder / tls_authority.AUTHORITY_KEY]
        assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
        context = ssl.create_default_context(cafile=folder / tls_authority.AUTHORITY)
        assert httpx.get(f"{served.url}/healthz", verify=context).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.url}/healthz")

        code, fingerprint = invited(path, ledger_url, "gw-1")
        config = tmp_path / "gateway.toml"
        config.write_text(
            f'[gateway]\nname = "gw-1"\ndata_dir = "{tmp_path / "gw-1"}"\n[uplink]\nurl = "{served.url}"\n'
        )
        enroll = ("enroll", "--code", code, "--config", str(config))
        wrong = edge(*enroll, "--authority", "0" * 64)
        assert wrong.returncode == 1 and "somebody is between" in wrong.stderr
        assert "verify failed" in edge(*enroll).stderr, "the system does not know this authority"
        done = edge(*enroll, "--authority", fingerprint.upper())
        assert done.returncode == 0, done.stderr
        uplink = gateway_config(config).uplink
        assert uplink.ca_file_only and httpx.get(f"{served.url}/healthz", verify=tls_context(uplink)).status_code == 200

        renewed = run("certificate", "renew", "--host", "127.0.0.1", "--host", "ledger.example", "--config", str(path))
        assert "Restart cloud-sync serve" in renewed.stdout, renewed.stderr
        assert set(tls_authority.hosts_of(folder)) == {"127.0.0.1", "ledger.example"}
        again = run("certificate", "make", "--config", str(path), url=ledger_url)
        assert again.returncode == 1 and "certificate renew" in again.stderr
        assert run("certificate", "show", "--config", str(path), url=ledger_url).stdout.strip() == fingerprint


def test_a_pinned_gateway_believes_no_other_authority_but_its_broker_may_have_one(tmp_path: Path) -> None:
    tls_authority.make_authority(tmp_path, at=datetime.now(UTC))
    section = UplinkSection(url="https://x.example", ca_file=tmp_path / tls_authority.AUTHORITY, ca_file_only=True)
    (only,) = tls_context(section).get_ca_certs()
    assert only["subject"][0][0][1].startswith("Lotwarden ledger")
    broker = tls_context(section, is_broker=True)
    assert broker.verify_mode is ssl.CERT_REQUIRED and broker.check_hostname
    assert tls_context(section).check_hostname


def test_a_configuration_keeps_all_else_when_tls_is_written_into_it(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    for name in (tls_authority.CERTIFICATE, tls_authority.KEY, tls_authority.AUTHORITY):
        (tmp_path / "tls" / name).touch()
    for text in (
        '# ours\n[server]\nhost = "127.0.0.1"  # for now\nport = 9\n[database]\nurl = "postgresql:///x"\n',
        'policies_dir = "p"\n[database]\nurl = "postgresql:///x"\n',
    ):
        path = tmp_path / "ledger.toml"
        path.write_text(with_tls(text))
        server = load_config(path, {}).server
        assert server.host == "0.0.0.0" and server.tls_key_file == tmp_path / "tls" / tls_authority.KEY
        assert server.port == (9 if "port" in text else 8443)


def test_an_authority_is_made_once_and_ends_after_its_certificates(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    tls_authority.make_authority(tmp_path, at=at)
    with pytest.raises(Exception, match="there is an authority already"):
        tls_authority.make_authority(tmp_path, at=at)
    assert tls_authority.issue(tmp_path, ["ledger.example"], at=at) == at + tls_authority.CERTIFICATE_LASTS
    late = at + tls_authority.AUTHORITY_LASTS - tls_authority.CERTIFICATE_LASTS / 2
    assert tls_authority.issue(tmp_path, ["ledger.example"], at=late) == at + tls_authority.AUTHORITY_LASTS
