"""Releases of the gateways' program: added, rolled out in waves, stopped by a person or at the first worse wave."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.actions.gateways.release_files import ReleaseFolder, parts_of
from cloud_sync.actions.gateways.release_orders import signed_manifest
from cloud_sync.domain.roll_outs import Member, NoWaves, planned, verdict, waves_of
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.governance.gateway_config import gateway_named
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.handed_out import Signed, body_of, signed_words
from edge_agent.domain.fleet.heartbeats import Health, ReleaseStanding
from edge_agent.domain.fleet.releases import (
    CHUNK_BYTES,
    MANIFEST_FILE,
    MANIFEST_FORMAT,
    Manifest,
    ReleaseFile,
    ReleaseNeeds,
    SignedManifest,
    manifest_of,
)

RELEASES_MAX = 200
ROLL_OUTS_MAX = 50
SOAK_MAX_MINUTES = 14 * 24 * 60


def make_release(
    database: Database, kept: ReleaseFolder, folder: Path, version: str, *, needs: ReleaseNeeds, notes: str = "",
    at: datetime, actor: str,
) -> SignedManifest:  # fmt: skip
    """Sign what is in a folder as a release with the ledger's key, write ``manifest.json`` beside it, and add it.

    Its files are copied to ``kept``. Raises ``Invalid``, ``Conflict``, ``OSError``.
    """
    files = tuple(
        ReleaseFile(name=each.name, sha256=_sha256(each), bytes=each.stat().st_size)
        for each in sorted(folder.iterdir())
        if each.is_file() and each.name != MANIFEST_FILE
    )
    if not files:
        raise Invalid(f"there is no file in {folder}", "Build the release into it first: ./dev release --to DIR.")
    body = body_of(Manifest(version=version, files=files, needs=needs, notes=notes))
    with database.transaction() as connection:
        signed = keys_in(connection).sign_body(MANIFEST_FORMAT, body)
    (folder / MANIFEST_FILE).write_text(json.dumps(signed, indent=1))
    return add_release(database, kept, folder, trusted=(signed["by"],), at=at, actor=actor)


def add_release(
    database: Database, kept: ReleaseFolder, folder: Path, *, trusted: Sequence[str] = (), at: datetime, actor: str
) -> SignedManifest:
    """Keep a release that was signed before, from a folder with its manifest and files, which are copied to ``kept``.

    One that is there already gets back what its files have lost. ``trusted``: public keys (base64) of who may sign
    releases, beside the ledger. Raises ``Invalid`` for one that is not genuine or not whole, ``Conflict`` if another
    one of this version is there.
    """
    try:
        found = manifest_of(json.loads((folder / MANIFEST_FILE).read_bytes()))
    except (OSError, ValueError) as error:
        raise Invalid(f"{folder} holds no release: {error}", "Give the folder with manifest.json.") from error
    version = found.manifest.version
    with database.transaction() as connection:
        keys = keys_in(connection)
        known = {keys.public_key, *(each["key"] for each in keys.handovers), *(each["by"] for each in keys.handovers)}
        if found.signed.by not in known | set(trusted) or not _is_genuine(found.signed):
            raise Invalid(
                f"release {version} is not signed by the ledger, nor by a key that you named",
                "Ask its publisher for the public key, and give it: --key KEY.",
            )
        signed = found.signed
        is_new = queries("releases").add_release(
            connection, version=version, body=signed.body, signed_by=signed.by, signature=signed.signature,
            sha256=found.sha256, actor=actor, at=at,
        )  # fmt: skip
        if not is_new and signed_manifest(connection, version).sha256 != found.sha256:
            raise Conflict(f"there is another release {version}", "Give it another version: what went out stays.")
        for each in found.manifest.files:
            _keep(kept, folder, each)
        if not is_new:
            return found
        for each in found.manifest.files:
            queries("releases").add_release_file(
                connection, version=version, name=each.name, sha256=each.sha256, bytes=each.bytes
            )
        data = {"sha256": found.sha256, "signed_by": signed.by, "files": [each.name for each in found.manifest.files]}
        add_event(connection, actor=actor, kind="release_added", subject=f"release:{version}", data=data)
    return found


def move_files(database: Database, kept: ReleaseFolder) -> int:
    """Take the files of releases that still lie in the database out of it; gives how many.

    Each is read again from the folder before the database forgets it. Raises ``Invalid``.
    """
    with database.transaction() as connection:
        rows = [row for row in queries("releases").files_of_releases(connection) if row["is_here"]]
    for row in rows:
        named = {"version": row["version"], "name": row["name"]}
        if kept.fault_of(row["sha256"], row["bytes"]):
            kept.keep(row["sha256"], _parts_in_database(database, row))
        if fault := kept.fault_of(row["sha256"], row["bytes"]):
            raise Invalid(f"{row['name']} of release {row['version']} {fault} in {kept.path}", "Look at its disk.")
        with database.transaction() as connection:
            queries("releases").forget_content(connection, **named)
            add_event(
                connection, actor=LEDGER, kind="release_file_moved", subject=f"release:{row['version']}",
                data={"name": row["name"], "sha256": row["sha256"], "to": "the folder of releases"},
            )  # fmt: skip
    return len(rows)


def files_with_faults(database: Database, kept: ReleaseFolder | None) -> list[Row]:
    """The files of releases that this ledger cannot give out as they were signed: ``version``, ``name``, ``fault``.

    Every file is read.
    """
    with database.transaction() as connection:
        rows = [row for row in queries("releases").files_of_releases(connection) if not row["is_here"]]
    found = []
    for row in rows:
        fault = kept.fault_of(row["sha256"], row["bytes"]) if kept is not None else "has no folder: [releases] folder"
        if fault:
            found.append({"version": row["version"], "name": row["name"], "fault": fault})
    return found


def _parts_in_database(database: Database, row: Row) -> Iterator[bytes]:
    for start in range(0, row["bytes"], CHUNK_BYTES):
        with database.transaction() as connection:
            part = queries("releases").part_of_file(
                connection, version=row["version"], name=row["name"], start=start, bytes=CHUNK_BYTES
            )
        yield bytes(part["part"])


def put_in_cohort(database: Database, gateway: str, cohort: str, *, at: datetime, actor: str) -> None:
    """Let a gateway go out with a cohort; "" with none. Raises ``NotFound``, ``Invalid``."""
    if cohort == "all" or (cohort and _is_no_cohort(cohort)):
        raise Invalid(f"{cohort[:60]!r} is no name of a cohort", "Write small letters, digits, dot, dash: canary.")
    with database.transaction() as connection:
        gateway_id = gateway_named(connection, gateway)["id"]
        if cohort:
            queries("releases").put_cohort(connection, gateway_id=gateway_id, cohort=cohort, actor=actor, at=at)
        else:
            queries("releases").drop_cohort(connection, gateway_id=gateway_id)
        add_event(
            connection, actor=actor, kind="gateway_cohort_set", subject=f"gateway:{gateway}", data={"cohort": cohort}
        )


def start_roll_out(
    database: Database, version: str, waves: str, *, soak_minutes: int = 60, reason: str, at: datetime, actor: str
) -> int:
    """Let a release go out; gives the number of the roll-out. The first wave is ordered at once.

    Raises ``NotFound``, ``Invalid`` for waves that cannot be read or are empty, ``Conflict`` while another
    is under way.
    """
    try:
        names = waves_of(waves)
    except NoWaves as error:
        raise Invalid(str(error)) from error
    if not 0 <= soak_minutes <= SOAK_MAX_MINUTES:
        raise Invalid(f"a wave soaks for at most {SOAK_MAX_MINUTES} minutes")
    with database.transaction() as connection:
        signed_manifest(connection, version)
        members = list(queries("releases").members(connection))
        plan = planned([Member(row["name"], row["cohort"]) for row in members], names, seed=version)
        if not plan:
            raise Invalid(f"no gateway is in any of the waves {', '.join(names)}", "See: cloud-sync gateway list")
        roll_out: int | None = queries("releases").start_roll_out(
            connection, version=version, waves=list(names), soak_minutes=soak_minutes, reason=reason, actor=actor, at=at
        )
        if roll_out is None:
            raise Conflict("another release is on its way", "Wait until it is out, or stop it first.")
        chosen = [(row["id"], plan[row["name"]]) for row in members if row["name"] in plan]
        queries("releases").add_to_roll_out(
            connection, roll_out_id=roll_out, gateway_ids=[each for each, _ in chosen],
            waves=[wave for _, wave in chosen],
        )  # fmt: skip
        data = {"version": version, "waves": list(names), "gateways": len(chosen)}
        add_event(
            connection, actor=actor, kind="roll_out_started", subject=f"roll_out:{roll_out}", reason=reason, data=data
        )
        _step(connection, at)
    return roll_out


def stop_roll_out(database: Database, roll_out: int, *, reason: str, at: datetime, actor: str) -> None:
    """Order it no further; gateways that have it keep it. Raises ``NotFound`` if it is not under way."""
    with database.transaction() as connection:
        _end(connection, roll_out, "stopped", reason, at, actor)


def step_roll_out(database: Database, at: datetime) -> None:
    """Judge the gateways of the wave that is out, and order the next, or stop. For a task that runs every minute."""
    with database.transaction() as connection:
        _step(connection, at)


def releases(database: Database) -> list[dict[str, Any]]:
    """The releases there are, the newest first, each with its ``needs``, ``files`` and ``notes``."""
    with database.transaction() as connection:
        rows = list(queries("releases").releases(connection, rows_max=RELEASES_MAX))
    return [{**row, **json.loads(row["body"])} for row in rows]


def roll_outs(database: Database) -> list[dict[str, Any]]:
    """Roll-outs, the newest first, with their ``gateways`` and what each is like."""
    with database.transaction() as connection:
        rows = list(queries("releases").roll_outs(connection, rows_max=ROLL_OUTS_MAX))
        gateways: dict[int, list[Row]] = defaultdict(list)
        for each in queries("releases").gateways_of_roll_outs(connection, ids=[row["id"] for row in rows]):
            gateways[each["roll_out_id"]].append({**each, "state": _state(each)})
    return [{**row, "gateways": gateways[row["id"]]} for row in rows]


def fleet_releases(database: Database) -> list[Row]:
    """Which gateway runs which version, how its last try ended, and its cohort."""
    with database.transaction() as connection:
        return list(queries("releases").fleet_releases(connection))


def _step(connection: Connection, at: datetime) -> None:
    roll_out = queries("releases").running_roll_out(connection)
    if roll_out is None:
        return
    rows = list(queries("releases").gateways_of_roll_outs(connection, ids=[roll_out["id"]]))
    waiting = [row for row in rows if row["judged_at"] is None]
    if not waiting:
        _end(connection, roll_out["id"], "done", f"release {roll_out['version']} is out", at, LEDGER)
        return
    wave = min(row["wave"] for row in waiting)
    queries("releases").order_wave(connection, roll_out_id=roll_out["id"], wave=wave, at=at)
    worse = []
    for row in waiting:
        if row["wave"] == wave and row["ordered_at"] is not None and row["heard_at"] is not None:
            faults = _judged(connection, roll_out, row, at)
            worse += [f"{row['name']}: {'; '.join(faults)}"] if faults else []
    if worse:
        text = f"wave {wave} ({roll_out['waves'][wave - 1]}) is worse off: {', '.join(worse)}"
        _end(connection, roll_out["id"], "stopped", text[:2000], at, LEDGER)


def _judged(connection: Connection, roll_out: Row, row: Row, at: datetime) -> tuple[str, ...] | None:
    standing = ReleaseStanding.model_validate(row["release"])
    reached_at = row["reached_at"]
    if reached_at is None and (standing.version, standing.state) == (roll_out["version"], "running"):
        reached_at = row["heard_at"]
        queries("releases").reached(connection, roll_out_id=roll_out["id"], gateway_id=row["gateway_id"], at=reached_at)
    faults = verdict(
        roll_out["version"], standing, Health.model_validate(row["before"]), Health.model_validate(row["health"]),
        ordered_at=row["ordered_at"], reached_at=reached_at, heard_at=row["heard_at"],
        soak=timedelta(minutes=roll_out["soak_minutes"]), at=at,
    )  # fmt: skip
    if faults is not None:
        queries("releases").judge_gateway(
            connection, roll_out_id=roll_out["id"], gateway_id=row["gateway_id"], faults=list(faults), at=at
        )
    return faults


def _end(connection: Connection, roll_out: int, ended_as: str, reason: str, at: datetime, actor: str) -> None:
    if not queries("releases").end_roll_out(
        connection, id=roll_out, ended_as=ended_as, actor=actor, reason=reason, at=at
    ):
        raise NotFound(f"roll-out {roll_out} is not under way", "See: cloud-sync release status")
    add_event(
        connection, actor=actor, kind=f"roll_out_{ended_as}", subject=f"roll_out:{roll_out}", reason=reason, data={}
    )


def _state(row: Row) -> str:
    if row["judged_at"] is not None:
        return "worse" if row["faults"] else "good"
    if row["reached_at"] is not None:
        return "soaking"
    return "waiting" if row["ordered_at"] is None else "ordered"


def _is_no_cohort(cohort: str) -> bool:
    try:
        return waves_of(cohort) != (cohort,) or cohort.endswith("%")
    except NoWaves:
        return True


def _keep(kept: ReleaseFolder, folder: Path, wanted: ReleaseFile) -> None:
    path = folder / wanted.name
    try:
        if _sha256(path) != wanted.sha256:
            raise Invalid(f"{wanted.name} is not what the manifest says", "Copy the folder of the release again.")
        if kept.fault_of(wanted.sha256, wanted.bytes):
            kept.keep(wanted.sha256, parts_of(path))
    except OSError as error:
        raise Invalid(
            f"{wanted.name} cannot be read: {error.strerror}", "Copy the whole folder of the release."
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_genuine(signed: Signed) -> bool:
    try:
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.by, validate=True))
        signer.verify(base64.b64decode(signed.signature, validate=True), signed_words(MANIFEST_FORMAT, signed.body))
    except (InvalidSignature, ValueError):
        return False
    return True
