"""Which item a code is: never of two items, and taken back only by a correction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cloud_sync.errors import Conflict, Invalid
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case, keys_of_code, keys_of_scan


@dataclass(frozen=True, slots=True)
class _Claim:
    """One key of a code. ``said`` marks the key that keeps the code as a person said it."""

    key: str
    base_units: int
    code: str
    said: bool


def claim_codes(
    connection: Connection, item: str, gtins: Mapping[str, int], codes: Mapping[str, int], *, ndc: str = ""
) -> dict[str, int]:
    """Let GTINs and ``codes`` (as ``edge_agent.domain.item_codes`` writes them) stand for so many base units each.

    The item's own ``ndc`` stands for what the GTIN does that embeds it; without such a GTIN nobody has said how much it
    is. Gives the codes that are new. Raises ``Conflict`` if a code is another item or another quantity already.
    """
    added = {}
    for gtin, units in sorted(gtins.items()):
        if queries("master_data").add_gtin(connection, gtin=gtin, item=item, base_units=units):
            added[gtin] = units
        else:
            known = queries("master_data").gtin(connection, gtin=gtin)
            _check_same("gtins", gtin, item, units, known["item"], known["base_units"])
    for claim in _claims(gtins, codes, ndc):
        if _claim(connection, item, claim) and claim.said:
            added[claim.code] = claim.base_units
    return added


def units_of_pack(connection: Connection, item: str, pack: str) -> int:
    """Base units in a pack of the item. Raises ``Invalid`` if the code is not one of its packs."""
    known = list(queries("movements").known_items(connection, keys=list(keys_of_scan((pack,)))))
    units = {row["base_units"] for row in known if row["name"] == item}
    if len(units) != 1:
        raise Invalid(f"{pack} is not a pack of {item}", "See GET /v1/items for its codes and what they hold.")
    return int(units.pop())


def units_of_serial(connection: Connection, item: str, serial: str) -> int:
    """Base units of one serial of the item: what its code stands for if it is a serialised case, else 1.

    Raises ``Invalid`` if the case's code is not one of the item's packs.
    """
    code = code_of_case(serial)
    return 1 if code is None else units_of_pack(connection, item, code)


def _claims(gtins: Mapping[str, int], codes: Mapping[str, int], ndc: str) -> Iterator[_Claim]:
    for code, units in sorted(codes.items()):
        for number, key in enumerate(keys_of_code(code)):
            yield _Claim(key, units, code, said=number == 0)
    own = keys_of_code(f"ndc:{ndc}") if ndc else ()
    for gtin, units in sorted(gtins.items()):
        inside = [key for key in keys_of_code(gtin) if key != gtin]
        of_ndc = [key for key in own if set(own) & set(inside)]
        for key in dict.fromkeys((*inside, *of_ndc)):
            yield _Claim(key, units, gtin, said=False)


def _claim(connection: Connection, item: str, claim: _Claim) -> bool:
    if queries("master_data").add_code_key(
        connection, key=claim.key, item=item, base_units=claim.base_units, code=claim.code, said=claim.said
    ):
        return True
    known = queries("master_data").code_key(connection, key=claim.key)
    _check_same("codes", claim.code, item, claim.base_units, known["item"], known["base_units"], known["code"])
    if claim.said and not known["said"]:
        return bool(queries("master_data").say_code(connection, key=claim.key, code=claim.code))
    return False


def _check_same(
    field: str, code: str, item: str, units: int, known_item: str, known_units: int, by: str | None = None
) -> None:
    if (item, units) == (known_item, known_units):
        return
    same_as = f", by {by}" if by not in (None, code) else ""
    if item != known_item:
        raise Conflict(f"{field}: {code} is item {known_item} already{same_as}: correct one of the two")
    raise Conflict(f"{field}: {code} stands for {known_units} already{same_as}, not {units}: correct one of the two")
