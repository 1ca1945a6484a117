"""Releases and configurations as a ledger would sign them, for tests of both sides."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

from nacl.signing import SigningKey

from edge_agent.domain.fleet.handed_out import CONFIG_FORMAT, HandedOutConfig, body_of, signed_words
from edge_agent.domain.fleet.managed_config import digest_of_toml
from edge_agent.domain.fleet.releases import MANIFEST_FILE, MANIFEST_FORMAT, Manifest, ReleaseFile, ReleaseNeeds
from edge_agent.uplink.trust import LedgerTrust

LEDGER = SigningKey(b"l" * 32)
LEDGER_KEY = base64.b64encode(LEDGER.verify_key.encode()).decode()
TRUST = LedgerTrust([LEDGER_KEY])
PROGRAM = "#!/bin/sh\necho {version}\n"


def signed(form: str, body: str, key: SigningKey = LEDGER) -> dict[str, str]:
    """As the ledger hands it out."""
    signature = key.sign(signed_words(form, body)).signature
    by = base64.b64encode(key.verify_key.encode()).decode()
    return {"body": body, "by": by, "signature": base64.b64encode(signature).decode()}


def handed_out(
    version: int, toml: str, *, gateway: str = "gw-1", replaces: str | None = None,
    policies: dict[str, str] | None = None, **profiles: str,
) -> HandedOutConfig:  # fmt: skip
    """A configuration with its digest."""
    kept = policies or {}
    return HandedOutConfig(
        gateway=gateway, version=version, toml=toml, profiles=profiles, policies=kept,
        sha256=digest_of_toml(toml, profiles, kept), replaces=replaces,
    )  # fmt: skip


def signed_config(config: HandedOutConfig) -> dict[str, str]:
    return signed(CONFIG_FORMAT, body_of(config))


def archive(files: dict[str, str]) -> bytes:
    """A ``.tar.gz`` with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as out:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755 if name.startswith("bin/") else 0o644
            out.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def release_in(folder: Path, version: str, files: dict[str, str] | None = None, *, key: SigningKey = LEDGER,
               needs: ReleaseNeeds = ReleaseNeeds()) -> dict[str, str]:  # noqa: B008  # fmt: skip
    """A release on a stick; gives what it unpacks to."""
    inside = files if files is not None else {
        "bin/edge-agent": PROGRAM.format(version=version), "site-packages/edge_agent/version.txt": version * 300,
    }  # fmt: skip
    content = archive(inside)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "edge-agent.tar.gz").write_bytes(content)
    file = ReleaseFile(name="edge-agent.tar.gz", sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    body = body_of(Manifest(version=version, files=(file,), needs=needs))
    (folder / MANIFEST_FILE).write_text(json.dumps(signed(MANIFEST_FORMAT, body, key)))
    return inside
