"""Lists for people, broken between words at the width of their terminal."""

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text


def print_numbered(console: Console, lines: Iterable[str]) -> None:
    """Each with its number, and its further lines below its first word."""
    for number, words in enumerate(lines, start=1):
        print_hanging(console, f"  {number}. ", words)


def print_dashed(console: Console, lines: Iterable[str]) -> None:
    """Each behind a dash."""
    for words in lines:
        print_hanging(console, "  - ", words)


def print_hanging(console: Console, head: str, words: str, style: str = "") -> None:
    """``words`` behind ``head`` (in ``style``), broken at the terminal's width and continued below their first word."""
    # Piped output keeps its lines whole: whoever searches in it looks for words that belong together.
    width = console.width - len(head) if console.is_terminal else 1000
    lines = textwrap.wrap(words, max(width, 30), break_long_words=False, break_on_hyphens=False) or [""]
    console.print(Text(head, style), end="", soft_wrap=True)
    for number, line in enumerate(lines):
        console.print(" " * len(head) * (number > 0) + line, markup=False, soft_wrap=True)
