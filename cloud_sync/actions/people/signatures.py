"""Signing: whoever signs proves at that moment who they are, and signs exactly what they were shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloud_sync.actions.access import require
from cloud_sync.actions.people.accounts import account_of
from cloud_sync.actions.people.sessions import check_open, has_second_factor, prove
from cloud_sync.actions.people.site_scope import check_places
from cloud_sync.domain.personal_data import PersonalField
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.security_keys import KeyAnswer
from cloud_sync.domain.signatures import Meaning, RecordKind, permission_to_sign, record_digest, signature_digest
from cloud_sync.errors import Conflict, Invalid, NotFound, NotKnown
from cloud_sync.posting.personal_data import keep_apart
from cloud_sync.posting.security_keys import KeyProof, proven_by_key, same_text
from cloud_sync.posting.signatures import record_of, signatures_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

PLACES_OF_RECORD = {
    RecordKind.EXPOSURE: ("places_of_excursion", "id"),
    RecordKind.HOLD: ("places_of_hold", "id"),
    RecordKind.CASE: ("places_of_case", "id"),
    RecordKind.ORDER: ("places_of_order", "number"),
    RecordKind.COUNT: ("places_of_count", "number"),
    RecordKind.BATCH: ("places_of_batch", "number"),
}


def shown(database: Database, kind: RecordKind, record_id: str) -> dict[str, Any]:
    """A record as somebody may sign it, its hash, and what was signed of it. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        record = record_of(connection, kind, record_id)
        return {
            "kind": kind,
            "id": record_id,
            "record": record,
            "sha256": record_digest(kind, record_id, record),
            "signatures": signatures_of(connection, kind, record_id, record),
        }


def sign(
    database: Database,
    kind: RecordKind,
    record_id: str,
    *,
    sha256_seen: str,
    meaning: Meaning,
    reason: str,
    password: str | None,
    code: str | None,
    key: KeyAnswer | None = None,
    address: str,
    at: datetime,
    actor: Actor,
) -> Row:
    """Sign a record.

    ``key``: what a security key answered to :func:`security_keys.ask_signature`, in place of password and code. Raises
    ``NotAllowed`` without the permission for that meaning, ``NotKnown`` for a wrong password, code or answer,
    ``Conflict`` if the record is not what was seen, ``Invalid`` for a meaning that records of this kind have not.
    """
    (made,) = sign_all(
        database, kind, {record_id: sha256_seen}, meaning=meaning, reason=reason, password=password, code=code, key=key,
        address=address, at=at, actor=actor,
    )  # fmt: skip
    return made


def sign_all(
    database: Database,
    kind: RecordKind,
    seen: Mapping[str, str],
    *,
    meaning: Meaning,
    reason: str,
    password: str | None,
    code: str | None,
    key: KeyAnswer | None = None,
    address: str,
    at: datetime,
    actor: Actor,
) -> list[Row]:
    """Sign several records of a kind that were shown together, all or none; ``seen``: by id, the hash that was shown.

    Raises as :func:`sign` does.
    """
    permission = permission_to_sign(kind, meaning)
    if permission is None:
        raise Invalid(f"nobody signs a record of this kind as {meaning}: {kind}", "Sign as review or responsibility.")
    require(actor, permission)
    sites = actor.permissions[permission]
    if sites is not None:
        for record_id in seen:
            check_places(database, permission, sites, PLACES_OF_RECORD.get(kind), record_id.partition(":")[0])
    if key is None:
        account = prove(database, actor.name, password=password, code=code, address=address, at=at)
    with database.transaction() as connection:
        proof = None
        if key is not None:
            proof = _proof_of_key(connection, key, kind, seen, meaning, reason, actor, at)
            account = account_of(connection, actor.name)
            check_open(account, at)
        return [
            _signed(connection, kind, record_id, sha256_seen, meaning, reason, account, at, proof)
            for record_id, sha256_seen in seen.items()
        ]


def _proof_of_key(
    connection: Connection,
    key: KeyAnswer,
    kind: RecordKind,
    seen: Mapping[str, str],
    meaning: Meaning,
    reason: str,
    actor: Actor,
    at: datetime,
) -> KeyProof:
    proof = proven_by_key(connection, "sign", key, at=at)
    if proof.person != actor.name:
        raise NotKnown("this security key is somebody else's", "Sign with your own.")
    if not same_text(proof.shown, kind=kind, seen=seen, meaning=meaning, reason=reason, person=actor.name):
        raise Conflict("the security key was asked about something else", "Look at it again, and sign that.")
    return proof


def _signed(
    connection: Connection,
    kind: RecordKind,
    record_id: str,
    sha256_seen: str,
    meaning: Meaning,
    reason: str,
    account: Row,
    at: datetime,
    key: KeyProof | None,
) -> Row:
    record = record_of(connection, kind, record_id)
    now = record_digest(kind, record_id, record)
    if now != sha256_seen:
        raise Conflict(
            f"{kind} {record_id} is not what you were shown: it changed since",
            f"See GET /v1/signatures/{kind}/{record_id}, and sign that if it is still right.",
        )
    fields = {
        "record_id": record_id,
        "record_sha256": now,
        "meaning": meaning.value,
        "person": account["person"],
        "printed_name": keep_apart(connection, account["person"], PersonalField.PRINTED_NAME, account["printed_name"]),
        "proof": "security key" if key else "password and code" if has_second_factor(account) else "password",
        "reason": reason,
        "signed_at": at,
    }
    sha256 = signature_digest(kind=kind, **fields)
    if queries("signatures").add_signature(connection, record_kind=kind, **fields, sha256=sha256):
        add_event(connection, actor=account["person"], kind="signed", subject=f"{kind}:{record_id}", reason=reason,
                  data={"meaning": meaning, "sha256": sha256})  # fmt: skip
        if key is not None:
            queries("security_keys").keep_answer(
                connection, signature_sha256=sha256, shown=key.shown, public_key=key.public_key,
                client_data=key.client_data, authenticator_data=key.authenticator_data, key_signature=key.key_signature,
            )  # fmt: skip
    made = signatures_of(connection, kind, record_id, record)
    return next(row for row in made if row["sha256"] == sha256)


def list_rules(database: Database) -> list[Row]:
    """When a release takes two signatures: name, meaning, from_value (None: never), changed_by, changed_reason."""
    with database.transaction() as connection:
        return list(queries("signatures").second_signature_rules(connection))


def set_rule(database: Database, name: str, from_value: int | None, *, reason: str, actor: str) -> None:
    """Say from which value on a release takes two signatures; None: never. Raises ``NotFound``."""
    with database.transaction() as connection:
        was = queries("signatures").set_second_signature_rule(
            connection, name=name, from_value=from_value, changed_by=actor, changed_reason=reason
        )
        if was is None:
            raise NotFound(f"there is no rule {name}", "See: cloud-sync second-signature list")
        before = None if was["before"] is None else float(was["before"])
        add_event(connection, actor=actor, kind="second_signature_rule_set", subject=f"second_signature_rule:{name}",
                  reason=reason, data={"from_value": from_value, "before": before})  # fmt: skip
