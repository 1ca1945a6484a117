"""Lists for people, broken between words at the width of their terminal."""

import textwrap
from collections.abc import Iterable

from rich.console import Console


def print_numbered(console: Console, lines: Iterable[str]) -> None:
    """Each with its number, and its further lines below its first word."""
    for number, words in enumerate(lines, start=1):
        print_hanging(console, f"  {number}. ", words)


def print_dashed(console: Console, lines: Iterable[str]) -> None:
    """Each behind a dash."""
    for words in lines:
        print_hanging(console, "  - ", words)


def print_hanging(console: Console, head: str, words: str) -> None:
    """``words`` behind ``head``, broken at the terminal's width and continued below their first word."""
    # Piped output keeps its lines whole: whoever searches in it looks for words that belong together.
    width = console.width if console.is_terminal else max(console.width, 1000)
    text = textwrap.fill(
        words, max(width, 40), initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    console.print(text, markup=False, soft_wrap=True)
