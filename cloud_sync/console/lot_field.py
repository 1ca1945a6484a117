"""A lot as people enter it in a form: by its number, its label, or from the page that led here."""

import re
from datetime import date

from cloud_sync.actions.stock.stock import list_lots, lot_of_id
from cloud_sync.console.forms import CORRECT
from cloud_sync.console.scan_words import words_of_scan
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row

ID = re.compile(r"(?:(?P<words>.*)\s)?#(?P<id>\d{1,12})", re.ASCII)
BARE_ID = re.compile(r"\d{1,12}", re.ASCII)


def lot_entered(database: Database, text: str, today: date) -> int:
    """The id of the lot ``L3``, ``insulin L3`` or ``insulin L3 #12``, or of a scanned label.

    Raises ``Invalid``, also where the words and the number behind ``#`` are of two lots: somebody changed one of them.
    """
    entered = text.strip()
    if not entered:
        raise Invalid("the lot is missing", CORRECT)
    if known := ID.fullmatch(entered):
        label = label_of_lot(database, known["id"])
        if not label or (known["words"] and label != entered):
            raise Invalid(f"{entered} is no lot", "Go back and write its lot number, or scan the label.")
        return int(known["id"])
    words = words_of_scan(entered, today)
    found = _lots(database, words)
    if len(found) > 1:
        raise Invalid(
            f"several items have a lot {words}", "Go back and write the item in front of it, such as insulin L3."
        )
    if found:
        return int(found[0]["id"])
    raise Invalid(f"there is no lot {words}", "Go back and check the lot number, or scan the label.")


def label_of_lot(database: Database, lot_id: str) -> str:
    """What a form is filled with for the lot of a page: ``insulin L3 #12``; nothing if there is no such lot."""
    rows = lot_of_id(database, int(lot_id)) if BARE_ID.fullmatch(lot_id) else []
    return f"{rows[0]['item']} {rows[0]['lot_number']} #{lot_id}" if rows else ""


def _lots(database: Database, words: str) -> list[Row]:
    rows = list_lots(database, lot_number=words, rows_max=2)
    item, _, number = words.rpartition(" ")
    return rows or (list_lots(database, item=item, lot_number=number, rows_max=2) if item else [])
