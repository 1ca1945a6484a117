"""Words that may be erased from free text: short, of letters and digits, and found again as they were typed. Pure."""

import re
import unicodedata

WORDS_MIN, WORDS_MAX = 3, 100
"""Characters. Fewer stand in too much that is about somebody else."""
ROWS_MAX = 10_000
"""Words in more rows than this are too common to be somebody's."""
INSTEAD = "[erased]"
"""What stands in their place."""

_WORDS = re.compile(r"\w[\w .,:;'’@+/#&()-]*\w")


def tidied(words: str) -> str:
    """Words as they are looked for: one space between them, none around.

    >>> tidied("  Mrs   Smith ")
    'Mrs Smith'
    """
    return unicodedata.normalize("NFC", " ".join(words.split()))


def fault_of(words: str) -> str:
    """Why these tidied words cannot be erased; '' if they can.

    >>> fault_of("Mrs Smith")
    ''
    >>> fault_of("it")
    'between 3 and 100 characters can be erased'
    >>> fault_of('say "no"')
    'they begin and end with a letter or digit, without quotation marks, brackets or backslashes'
    >>> fault_of("erased")
    'they look like what stands where words were erased'
    """
    if not WORDS_MIN <= len(words) <= WORDS_MAX:
        return f"between {WORDS_MIN} and {WORDS_MAX} characters can be erased"
    if not _WORDS.fullmatch(words) or "_" in words:
        return "they begin and end with a letter or digit, without quotation marks, brackets or backslashes"
    if "erased" in words.lower() or words.lower() in INSTEAD:
        return "they look like what stands where words were erased"
    return ""
