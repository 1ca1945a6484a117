r"""HL7 version 2 messages (chapter 2 of the standard), read and written without losing anything. Pure.

A message stays the text that it came as: segments that nobody knows (Z-segments), repetitions and escape sequences are
all there, and ``str(message)`` is what came. Values are unescaped when they are asked for:

============ ==============================  ============== =============================================
sequence     means                           sequence       means
============ ==============================  ============== =============================================
``\F\``      the field separator             ``\T\``        the subcomponent separator
``\S\``      the component separator         ``\E\``        the escape character
``\R\``      the repetition separator        ``\P\``        the truncation character (2.7)
``\X0D41\``  bytes, in the message's charset ``\H\ \N\``    emphasis: begins, ends; no part of the value
============ ==============================  ============== =============================================

Other sequences (``\.br\``, ``\Zxx\``, ``\Cxxyy\``) and a lone escape character stay as they are: a lot is never cut.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BYTES_MAX = 1 << 20
SEGMENTS_MAX = 5_000
NULL = '""'
"""Says that a value was deleted at the sender; here it is no value."""
CHARSETS = {
    "ASCII": "ascii", "UNICODE": "utf-8", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "8859/1": "iso-8859-1",
    "8859/2": "iso-8859-2", "8859/3": "iso-8859-3", "8859/4": "iso-8859-4", "8859/5": "iso-8859-5",
    "8859/6": "iso-8859-6", "8859/7": "iso-8859-7", "8859/8": "iso-8859-8", "8859/9": "iso-8859-9",
    "8859/15": "iso-8859-15",
}  # fmt: skip
"""Of MSH-18 (HL7 table 0211), the character sets that are read."""


class Hl7Fault(ValueError):
    """What came cannot be read as a message; ``reason`` says why. ``code`` is of HL7 table 0357."""

    def __init__(self, reason: str, code: str = "100") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Separators:
    """The characters that MSH-1 and MSH-2 declare. ``truncation`` is '' before version 2.7."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def msh_2(self) -> str:
        """As MSH-2 writes them."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


@dataclass(frozen=True, slots=True)
class FieldPath:
    """Where a value stands: ``RXD-2.1``, ``PID-3(2).4.1``. Numbers count from 1; 0: not said."""

    segment: str
    field: int
    repetition: int = 0
    component: int = 0
    subcomponent: int = 0

    def __str__(self) -> str:
        parts = f"{self.segment}-{self.field}" + (f"({self.repetition})" if self.repetition else "")
        return parts + "".join(f".{each}" for each in (self.component, self.subcomponent) if each)


class AmbiguousValue(ValueError):
    """A path names something that has parts; the message says which part to name."""


_PATH = re.compile(
    r"([A-Z][A-Z0-9]{2})-([1-9][0-9]{0,2})(?:\(([1-9][0-9]?)\))?(?:\.([1-9][0-9]?))?(?:\.([1-9][0-9]?))?"
)


def parse_path(text: str) -> FieldPath:
    """The path that a field map names. Raises ``ValueError``.

    >>> parse_path("PID-3(2).4.1")
    FieldPath(segment='PID', field=3, repetition=2, component=4, subcomponent=1)
    """
    found = _PATH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} names no field; write it as RXD-2, RXD-2.1 or PID-3(1).1")
    segment, *numbers = found.groups()
    return FieldPath(segment, *(int(each) if each else 0 for each in numbers))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it came, without its end."""

    text: str
    separators: Separators
    charset: str = "utf-8"

    @property
    def name(self) -> str:
        """MSH, RXD, ZPM..."""
        return self.text[:3]

    @property
    def fields(self) -> list[str]:
        """Raw fields; index 1 is field 1. Of MSH, field 1 is the separator itself."""
        parts = self.text.split(self.separators.field)
        return [parts[0], self.separators.field, *parts[1:]] if self.name in ("MSH", "BHS", "FHS") else parts

    def raw(self, field: int) -> str:
        """A field as it came; '' if it is not there."""
        fields = self.fields
        return fields[field] if field < len(fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The raw repetitions of a field that has a value; none if it has none."""
        raw = self.raw(field)
        if raw in ("", NULL):
            return []
        return [raw] if self.name == "MSH" and field == 2 else raw.split(self.separators.repetition)

    def value(self, path: FieldPath) -> str:
        """The unescaped value at a path; '' if there is none. Raises ``AmbiguousValue`` if it has parts.

        What has no parts is its own first component and subcomponent (chapter 2.5.3 of the standard).
        """
        found = self.repetitions(path.field)
        if len(found) > 1 and not path.repetition:
            raise AmbiguousValue(f"{path} has {len(found)} repetitions; name one, as {_repeated(path)}")
        number = (path.repetition or 1) - 1
        if number >= len(found):
            return ""
        here = self.separators
        part = _part(found[number], here.component, path.component, f"{path}", "component")
        part = _part(part, here.subcomponent, path.subcomponent, f"{path}", "subcomponent")
        return "" if part == NULL else unescape(part, here, self.charset)


def _repeated(path: FieldPath) -> str:
    return str(FieldPath(path.segment, path.field, 1, path.component, path.subcomponent))


def _part(raw: str, separator: str, number: int, path: str, what: str) -> str:
    parts = raw.split(separator)
    if number:
        return parts[number - 1] if number <= len(parts) else ""
    if any(parts[1:]):
        raise AmbiguousValue(f"{path} has {len(parts)} {what}s; name one of them, as {path}.1")
    return parts[0]


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message. ``ends`` are the ends of the segments as they came (carriage return by the standard)."""

    segments: tuple[Segment, ...]
    ends: tuple[str, ...]
    charset: str

    def __str__(self) -> str:
        return "".join(segment.text + end for segment, end in zip(self.segments, self.ends, strict=True))

    def __bytes__(self) -> bytes:
        return str(self).encode(self.charset)

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def separators(self) -> Separators:
        """As MSH declares them."""
        return self.header.separators

    @property
    def type(self) -> str:
        """Code and trigger: ``RDS^O13``; a code alone where there is no trigger."""
        code, trigger = (self._of_header(9, component) for component in (1, 2))
        return f"{code}^{trigger}" if trigger else code

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self._of_header(10)

    @property
    def application(self) -> str:
        """Who sends it (MSH-3.1)."""
        return self._of_header(3, 1)

    @property
    def facility(self) -> str:
        """Where (MSH-4.1)."""
        return self._of_header(4, 1)

    @property
    def processing_id(self) -> str:
        """P, T or D (MSH-11.1); '' if it is not said."""
        return self._of_header(11, 1)

    @property
    def version(self) -> str:
        """MSH-12.1."""
        return self._of_header(12, 1)

    def named(self, name: str) -> Iterator[Segment]:
        """Every segment of this name."""
        return (segment for segment in self.segments if segment.name == name)

    def _of_header(self, field: int, component: int = 1) -> str:
        return self.header.value(FieldPath("MSH", field, 1, component, 1))


def parse(content: bytes, *, charset: str = "ascii") -> Message:
    """The message. ``charset`` is that of senders who do not declare one (MSH-18). Raises ``Hl7Fault``."""
    if len(content) > BYTES_MAX:
        raise Hl7Fault(f"the message has {len(content)} bytes; {BYTES_MAX} are the most")
    if not content.startswith(b"MSH") or len(content) < 9:
        raise Hl7Fault("the message does not begin with MSH")
    separators = _separators_of(content)
    charset = _charset_of(content, separators, charset)
    try:
        text = content.decode(charset)
    except UnicodeDecodeError as error:
        raise Hl7Fault(
            f"byte {error.start + 1} is not {charset}: declare the character set in MSH-18, or in the field map", "102"
        ) from error
    if "\x00" in text:
        raise Hl7Fault("the message holds a NUL character", "102")
    lines, ends = _lines_of(text)
    if len(lines) > SEGMENTS_MAX:
        raise Hl7Fault(f"the message has {len(lines)} segments; {SEGMENTS_MAX} are the most")
    for number, line in enumerate(lines, start=1):
        if not re.fullmatch(r"[A-Z][A-Z0-9]{2}", line[:3]) or line[3:4] not in ("", separators.field):
            raise Hl7Fault(f"line {number} of the message is no segment: {line[:20]!r}")
    return Message(tuple(Segment(line, separators, charset) for line in lines), tuple(ends), charset)


def _lines_of(text: str) -> tuple[list[str], list[str]]:
    """Segments and their ends: a carriage return; line feeds, as some senders write, do as well."""
    lines, ends = [], []
    for found in re.finditer(r"([^\r\n]*)(\r\n|\r|\n|\Z)", text):
        line, end = found.groups()
        if line:
            lines.append(line)
            ends.append(end)
        elif end:
            ends[-1] += end  # an empty line stays where it was
    return lines, ends


def _separators_of(content: bytes) -> Separators:
    try:
        field, rest = chr(content[3]), content[4:].split(content[3:4], 1)[0].decode("ascii")
    except UnicodeDecodeError as error:
        raise Hl7Fault("MSH-2 is not ASCII") from error
    known = [field, *rest]
    if not 4 <= len(rest) <= 5 or len(set(known)) != len(known) or any(each.isalnum() or each < "!" for each in known):
        raise Hl7Fault(rf"MSH-2 is {rest[:10]!r}; four separators are needed, as in MSH|^~\&|")
    return Separators(field, *rest)


def _charset_of(content: bytes, separators: Separators, undeclared: str) -> str:
    fields = re.split(rb"[\r\n]", content, maxsplit=1)[0].split(separators.field.encode())
    declared = (
        fields[17].split(separators.repetition.encode())[0].decode("ascii", "replace").strip().upper()
        if len(fields) > 17
        else ""
    )
    if not declared:
        return undeclared
    if declared not in CHARSETS:
        raise Hl7Fault(f"MSH-18 declares the character set {declared[:30]!r}, which is not read", "103")
    return CHARSETS[declared]


def unescape(text: str, separators: Separators, charset: str = "utf-8") -> str:
    r"""The value that a raw text stands for.

    >>> unescape(r"AB\F\1\X2D\2", Separators()), unescape(r"a\lot\b", Separators())
    ('AB|1-2', 'a\\lot\\b')
    """
    mark = separators.escape
    if mark not in text:
        return text
    known = {"F": separators.field, "S": separators.component, "T": separators.subcomponent, "R": separators.repetition,
             "E": mark, "P": separators.truncation or "#", "H": "", "N": ""}  # fmt: skip
    sign = re.escape(mark)

    def meant(found: re.Match[str]) -> str:
        inside = found[1]
        if inside in known:
            return known[inside]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", inside):
            try:
                value = bytes.fromhex(inside[1:]).decode(charset)
            except UnicodeDecodeError:
                return found[0]
            return found[0] if "\x00" in value else value  # no text holds it
        return found[0]

    return re.sub(rf"{sign}([A-Z]|X[0-9A-Fa-f]+){sign}", meant, text)


def escape(value: str, separators: Separators, charset: str = "utf-8") -> str:
    r"""A value as a message writes it: :func:`unescape` gives it back.

    >>> escape("A|B^C\\D", Separators())
    'A\\F\\B\\S\\C\\E\\D'
    """
    mark = separators.escape
    named = {separators.field: "F", separators.component: "S", separators.subcomponent: "T",
             separators.repetition: "R", mark: "E"}  # fmt: skip
    if separators.truncation:
        named[separators.truncation] = "P"
    return "".join(
        f"{mark}{named[each]}{mark}" if each in named
        else f"{mark}X{each.encode(charset, 'replace').hex().upper()}{mark}" if each < " " or each == "\x7f"
        else each
        for each in value
    )  # fmt: skip


def build_segment(
    name: str, fields: Sequence[str | Sequence[str]], separators: Separators, charset: str = "utf-8"
) -> str:
    """A segment from values; a field that is a sequence is written as components. Empty fields at the end are left
    out."""
    written = [
        escape(each, separators, charset)
        if isinstance(each, str)
        else separators.component.join(escape(part, separators, charset) for part in each)
        for each in fields
    ]
    while written and not written[-1].strip(separators.component):
        written.pop()
    return separators.field.join([name, *written])
