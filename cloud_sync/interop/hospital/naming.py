"""Whether an HL7 message names somebody, also one that its field map does not understand."""

import re
from collections.abc import Mapping

_ESCAPED: Mapping[str, str] = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
_ESCAPE = re.compile(r"\\([FSTRE])\\")
_BETWEEN = re.compile(r"[|^~&\r\n]")
_CHARSETS = ("utf-8", "latin-1")


def names(content: bytes, value: str) -> bool:
    """Whether a component of any field of a message is ``value``, by the separators that senders use.

    >>> names(b"PID|1||77^^^MRN~A\\T\\B", "77"), names(b"PID|1||77", "7"), names(b"PID|1||A\\T\\B", "A&B")
    (True, False, True)
    """
    for charset in _CHARSETS:
        text = content.decode(charset, errors="replace")
        if any(_ESCAPE.sub(lambda found: _ESCAPED[found[1]], part).strip() == value for part in _BETWEEN.split(text)):
            return True
    return False
