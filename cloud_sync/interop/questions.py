"""What a file does not say: asked, never guessed.

A reader that meets something that can be understood in two ways leaves a :class:`Question`; whoever brings the file
answers it, and it is read again with the answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Question:
    """Something to answer. ``choices`` has value -> words; empty: any text. ``key`` is the answer's name."""

    key: str
    text: str
    choices: Mapping[str, str] = field(default_factory=dict)


Answers = Mapping[str, str]
"""By the key of the question."""


class NotUnderstood(ValueError):
    """A file that is not what it should be. ``line`` counts from 1, 0 for all of it. The text is for people."""

    def __init__(self, text: str, *, line: int = 0) -> None:
        super().__init__(f"line {line}: {text}" if line else text)
        self.text = text
        self.line = line


class Asks(Exception):
    """The file can be understood in several ways. ``questions`` are all that are known by now."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self.questions = tuple(questions)
        super().__init__("; ".join(each.text for each in self.questions))


def answered(question: Question, answers: Answers) -> str | None:
    """The answer, None if there is none yet. Raises ``NotUnderstood`` for one that is not among the choices."""
    said = answers.get(question.key, "").strip()
    if not said:
        return None
    if question.choices and said not in question.choices:
        raise NotUnderstood(f"{question.key}: {said!r} is none of {', '.join(question.choices)}")
    return said
