"""What the ledger tells programs, as people at a browser can use it: without addresses and names of fields."""

import re

from cloud_sync.console.fault_words import FIELDS

_IN_TEXT = re.compile(r"\b(?:(a|an|the|this) )?(" + "|".join(name for name in FIELDS if "_" in name) + r")\b(?! =)")
_HINT = re.compile(r" \(([^()]*)\)$")


def text_for_people(text: str) -> str:
    """What the ledger tells programs with the names of their fields, with what people call these.

    >>> text_for_people("occurred_at 2026-06-01 12:00 UTC is in the future"), text_for_people("Give a storage_class.")
    ('the time 2026-06-01 12:00 UTC is in the future', 'Give a storage policy.')
    """
    text = text.replace("put_away", "put away").replace("count_difference", "count difference")
    return _IN_TEXT.sub(lambda found: f"{found[1] or 'the'} {FIELDS[found[2]]}", text)


def for_people(what_to_do: str, otherwise: str = "Go back and check what you entered.") -> str:
    """What to do, without the addresses that programs call.

    >>> for_people("Allocate first: POST /v1/orders/SO-1/allocate")
    'Allocate first.'
    >>> for_people("See GET /v1/places for those there are, or create it.")
    'Go back and check what you entered.'
    >>> for_people("Nothing was stored. Send the same again in a few seconds; check the database if it lasts.")
    'Nothing was stored. Try again in a few seconds; tell the administrator if it lasts.'
    >>> for_people("Look before you send it again; the same request with the same client_id counts once.")
    'Look before you send it again. What you entered stays in its form; sent from there again, a booking counts once.'
    """
    for words, plain in _IN_A_BROWSER:
        what_to_do = what_to_do.replace(words, plain)
    told = (_CALL.sub("", sentence).strip() for sentence in re.split(r"(?<=\.) ", what_to_do))
    kept = [each if each.endswith((".", "!", "?")) else f"{each}." for each in told if each and "/v1/" not in each]
    return " ".join(kept) or otherwise


_CALL = re.compile(r"[:;]? ?\(?(?:POST|PUT|GET) /v1/[^\s)]*\)?(?=$|[.;])|^See (?:GET )?/v1/.*$|^See GET .*$")
_IN_A_BROWSER = (
    ("Send the same again", "Try again"),
    ("; the same request with the same client_id counts once.",
     ". What you entered stays in its form; sent from there again, a booking counts once."),
    ("Make a new UUID for each new request; repeat the old one only to send the very same again.",
     "This form was sent before with other content: open it again, and see first what was stored."),
    ("Make a new UUID for each new request.", "This form was sent before with other content: open it again."),
    ("Check the client's clock.", "Check the time."),
    ("check the database if it lasts", "tell the administrator if it lasts"),
    ("Correct the request; /docs describes every field.", "Go back and correct what you entered."),
)  # fmt: skip


def row_for_people(text: str) -> str:
    """What is wrong with a row of a file, whose advice stands in brackets.

    >>> row_for_people("there is no item x (See GET /v1/items for those there are, or create it.)")
    'there is no item x'
    >>> row_for_people("it is a room (Name a supplier.)")
    'it is a room (Name a supplier.)'
    """
    advice = _HINT.search(text)
    if advice is None or "/v1/" not in advice[1]:
        return text
    hint = for_people(advice[1], "")
    return text[: advice.start()] + (f" ({hint})" if hint else "")
