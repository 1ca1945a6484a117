"""What is read from forms: words, lines and proofs, with faults in words that people understand."""

from collections.abc import Iterable, Sequence
from csv import reader
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Form, UploadFile
from pydantic import BaseModel, ValidationError

from cloud_sync.console.fault_words import fault_words, where_words
from cloud_sync.domain.accounts import PERSON
from cloud_sync.errors import Invalid

LINES_MAX = 1000
CORRECT = "Go back and correct it."

Word = Annotated[str, Form(max_length=300)]
Words = Annotated[list[str] | None, Form(max_length=LINES_MAX)]
Text = Annotated[str, Form(max_length=20_000)]
Reason = Annotated[str, Form(max_length=2000)]
Credential = Annotated[str, Form(max_length=20_000)]
"""What a security key answered, in JSON."""
ClientId = Annotated[UUID, Form()]
"""Made with the form, so that sending it twice does it once."""

Field = Annotated[str, Form(max_length=200)]
"""One line of text."""
Fields = Annotated[list[str], Form(max_length=LINES_MAX)]
"""The same field of several rows."""
Why = Reason

M = TypeVar("M", bound=BaseModel)


class WrongField(Invalid):
    """A field of a form is wrong. ``field``: its name, unless it is one of a row's."""

    def __init__(self, where: Sequence[object], words: str) -> None:
        super().__init__(f"{where_words(where)}: {words}", CORRECT)
        self.field = str(where[0]) if where and not any(isinstance(part, int) for part in where) else ""


def reason_of(text: str, what: str) -> str:
    """Why something is done. Raises ``Invalid`` if nothing worth reading stands there."""
    if len(text.strip()) < 3:
        raise Invalid(f"{what} needs a reason", "Go back and write down why.")
    return text.strip()[:1000]


def name_of(text: str) -> str:
    """A name as records have it. Raises ``Invalid``."""
    name = text.strip()
    if not PERSON.fullmatch(name):
        raise Invalid(
            f"“{name[:60]}” cannot be used as a name" if name else "the name is missing",
            "Go back and use letters, digits, dot, dash and underscore, such as fridge-a.",
        )
    return name


def checked(model: type[M], /, **values: Any) -> M:
    """What was entered, as the API takes it. Raises ``Invalid`` with the first fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        raise WrongField(fault["loc"], fault_words(fault)) from error


def whole(text: str, what: str) -> int:
    """A whole number. Raises ``Invalid``."""
    plain = text.strip()
    if not plain:
        raise Invalid(f"{what}: nothing was entered", "Go back and enter a whole number.")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 12):
        raise Invalid(f"{what}: “{plain[:30]}” is not a whole number", "Go back and enter digits only, such as 12.")
    return int(plain)


def rows_of(**columns: list[str] | None) -> list[dict[str, str]]:
    """Rows of fields that stand below each other; rows in which nothing was entered are left out."""
    lengths = max((len(values or []) for values in columns.values()), default=0)
    padded = {name: [*(values or []), *[""] * lengths][:lengths] for name, values in columns.items()}
    rows = [{name: values[at].strip() for name, values in padded.items()} for at in range(lengths)]
    return [row for row in rows if any(row.values())]


def pasted_rows(text: str, names: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a table that was pasted or read from a file: separated by tab, semicolon or comma; a head is left out."""
    wanted = tuple(names)
    lines = [line for line in text.replace("\r", "").split("\n") if line.strip()]
    if len(lines) > LINES_MAX:
        raise Invalid(f"these are {len(lines)} lines", f"Enter at most {LINES_MAX} at once.")
    separator = next((sign for sign in ("\t", ";") if lines and sign in lines[0]), ",")
    rows = [[cell.strip() for cell in cells] for cells in reader(lines, delimiter=separator)]
    if rows and [cell.lower().replace(" ", "_") for cell in rows[0]][:1] == [wanted[0]]:
        rows = rows[1:]
    return [dict(zip(wanted, [*cells, *[""] * len(wanted)], strict=False)) for cells in rows]


async def csv_of_upload(file: UploadFile | None) -> str:
    """What stands in an uploaded CSV file. Raises ``Invalid``."""
    if file is None or not file.filename:
        raise Invalid("no file was chosen", "Go back and choose a CSV file.")
    try:
        text = (await file.read()).decode()
    except UnicodeDecodeError as error:
        raise Invalid("the file is not in UTF-8", "Save it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise Invalid("the file holds a NUL character", "Save it as plain CSV in UTF-8.")
    return text
