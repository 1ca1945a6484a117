"""What an owner may read, in one place: the rest of the database is closed to requests of owners.

A table that is not here they cannot read at all, so that a new one is closed until somebody thinks of it. The condition
holds for the owner that the transaction names (``lotwarden.owner``); if it names none, it holds for no row.
"""

from collections.abc import Mapping

CLIENT_ROLE = "lotwarden_client"
"""As whom the ledger works for an owner."""

_MINE = "owner = nullif(current_setting('lotwarden.owner', true), '')"
OF_ANY_OWNER = "nullif(current_setting('lotwarden.owner', true), '') IS NOT NULL"
_OF_MY_LOT = "EXISTS (SELECT FROM lot WHERE lot.id = lot_id)"
_OF_MY_ORDER = "EXISTS (SELECT FROM stock_order WHERE stock_order.id = order_id)"
_OF_MY_BATCH = "EXISTS (SELECT FROM production_batch WHERE production_batch.id = batch_id)"
_OF_MY_ITEM = "EXISTS (SELECT FROM item WHERE item.id = item_id)"
# Whom somebody else buys from and sells to is their own business; rooms and bins say nothing of anybody's stock.
_PLACE = f"""kind NOT IN ('supplier', 'customer', 'production') AND {OF_ANY_OWNER}
    OR EXISTS (SELECT FROM movement m WHERE m.from_place = place.id)
    OR EXISTS (SELECT FROM movement m WHERE m.to_place = place.id)
    OR EXISTS (SELECT FROM stock_order o WHERE o.from_place = place.id OR o.to_place = place.id)"""  # noqa: S608 - of this file alone

OPEN_TO_OWNERS: Mapping[str, str] = {
    "lot": _MINE,
    "stock_order": _MINE,
    "production_batch": _MINE,
    "owner": "name = nullif(current_setting('lotwarden.owner', true), '')",
    **dict.fromkeys(
        (
            "position",
            "residency",
            "movement",
            "reservation",
            "exposure",
            "hold",
            "hold_goods",
            "hold_reach",
            "disposition",
            "recall_lot",
            "exception_case",
            "correction",
            "tote_packing_line",
        ),
        _OF_MY_LOT,
    ),
    **dict.fromkeys(("order_line", "order_step", "order_urgency"), _OF_MY_ORDER),
    "batch_fact": _OF_MY_BATCH,
    "tote_packing": "EXISTS (SELECT FROM tote_packing_line n WHERE n.packing_id = tote_packing.id)",
    "tote": "EXISTS (SELECT FROM tote_packing p WHERE p.tote_id = tote.id)",
    "place": _PLACE,
    # Whoever has the token of a prescription has it from an order of theirs.
    "personal_data": f"field = 'prescription' AND {OF_ANY_OWNER}",
    "item": "id IN (SELECT item_id FROM lot UNION SELECT item_id FROM order_line)",
    **dict.fromkeys(("item_code", "item_gtin"), _OF_MY_ITEM),
    "excursion": "EXISTS (SELECT FROM exposure x WHERE x.excursion_id = excursion.id)",
    "recall": "EXISTS (SELECT FROM recall_lot r WHERE r.recall_id = recall.id)",
    "hospital_patient": "EXISTS (SELECT FROM movement m WHERE m.fact = hospital_patient.fact)",
    "excursion_version": "EXISTS (SELECT FROM excursion x WHERE x.id = excursion_id)",
    "probe_excursion": """EXISTS (SELECT FROM excursion x WHERE x.channel_id = probe_excursion.channel_id
    AND x.rule = probe_excursion.rule AND x.place_id = probe_excursion.place_id)""",
    # Of the house: they say nothing of anybody's stock.
    **dict.fromkeys(("channel", "epcis_query", "gateway", "place_gln", "policy"), OF_ANY_OWNER),
    # Views look with the eyes of whoever asks.
    **dict.fromkeys(("active_hold", "batch_product", "item_key"), ""),
}
"""Tables and views, and which rows; '' for views, which show what their tables do."""
