"""Which release a gateway is to install, as the ledger signs it; and the files of releases, piece by piece."""

from datetime import datetime

from cloud_sync.actions.gateways.desk import Asked, genuine_gateway
from cloud_sync.actions.gateways.ledger_keys import LedgerKeys
from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.handed_out import ORDER_FORMAT, ReleaseOrder, Signed, body_of
from edge_agent.domain.fleet.heartbeats import Heartbeat
from edge_agent.domain.fleet.releases import CHUNK_BYTES, MANIFEST_FILE, SignedManifest, manifest_of


def order_for(connection: Connection, gateway_id: int, said: Heartbeat, keys: LedgerKeys) -> dict[str, str] | None:
    """The order for a gateway, in the answer to its heartbeat; None where it runs what it should."""
    row = queries("releases").order_of_gateway(connection, gateway_id=gateway_id)
    if row is None or said.release.version == row["version"]:
        return None
    order = ReleaseOrder(gateway=said.gateway, number=row["id"], version=row["version"], manifest_sha256=row["sha256"])
    return keys.sign_body(ORDER_FORMAT, body_of(order))


def part_of_release(
    database: Database, folder: ReleaseFolder | None, asked: Asked, version: str, name: str, start: int, *,
    now: datetime,
) -> bytes:  # fmt: skip
    """A piece of a file of a release, up to 1 MiB from ``start`` on; the manifest is a file, too.

    Raises ``NotKnown`` for a request that is not genuine, ``NotFound``.
    """
    with database.transaction() as connection:
        genuine_gateway(connection, asked, now)
        if name == MANIFEST_FILE:
            return signed_manifest(connection, version).to_json().encode()[start : start + CHUNK_BYTES]
        file = queries("releases").file_of_release(connection, version=version, name=name)
        if file is None:
            raise NotFound(f"release {version} has no file {name}", "See GET /v1/releases for those there are.")
        if file["is_here"]:
            row = queries("releases").part_of_file(
                connection, version=version, name=name, start=start, bytes=CHUNK_BYTES
            )
            return bytes(row["part"])
    part = folder.part(file["sha256"], start, CHUNK_BYTES) if folder is not None else None
    if part is None:
        raise NotFound(
            f"{name} of release {version} is not on this ledger's disk",
            "Look with cloud-sync release verify, and add the release again: cloud-sync release add DIR.",
        )
    return part


def signed_manifest(connection: Connection, version: str) -> SignedManifest:
    """The manifest of a release. Raises ``NotFound``."""
    row = queries("releases").release_of(connection, version=version)
    if row is None:
        raise NotFound(f"there is no release {version}", "See: cloud-sync release status")
    signed = Signed(row["body"], row["signed_by"], row["signature"])
    return manifest_of({"body": signed.body, "by": signed.by, "signature": signed.signature})
