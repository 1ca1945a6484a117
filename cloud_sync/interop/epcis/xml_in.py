"""EPCIS XML, 1.2 and 2.0, read into the same values as JSON-LD.

Nothing of somebody's own is lost: elements of other namespaces become fields with a prefix, their attributes fields
that begin with ``@``, their types (``xsi:type``) JSON's own types where these write them in the same way. No entity is
expanded and nothing is fetched.
"""

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.documents import (
    BYTES_MAX,
    DOCUMENT,
    EVENTS_MAX,
    QUERY_DOCUMENT,
    Document,
    UnreadableError,
    with_context,
)
from cloud_sync.interop.epcis.rules import NUMBERS, Event
from cloud_sync.interop.epcis.sbdh import plain_header
from cloud_sync.interop.epcis.vocabulary import PREFIXES
from cloud_sync.interop.epcis.xml_shape import (
    CBVMDA,
    EPC_LISTS,
    MASTER_DATA_NAMESPACES,
    NAMESPACE,
    ORDER,
    QUANTITY_LISTS,
    QUERY_NAMESPACE,
    SBDH,
    SENSED_WORDS,
    TYPED_LISTS,
    WORDS,
    WRAPPERS,
    XSD,
    XSI,
)

DEPTH_MAX = 60
"""Of elements within each other."""
_OURS = frozenset({*NAMESPACE.values(), *QUERY_NAMESPACE.values(), *MASTER_DATA_NAMESPACES})
_TYPE = f"{{{XSI}}}type"


def read_xml(content: bytes) -> Document:
    """The document that ``content`` is: of events, of query results, or of master data. Raises ``UnreadableError``."""
    if len(content) > BYTES_MAX:
        raise UnreadableError(f"the document is larger than {BYTES_MAX} bytes")
    try:
        root, names = _parsed(content)
    except DefusedXmlException as error:
        raise UnreadableError("the document declares entities; write their text in their place") from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableError(f"this is not XML: {error}") from error
    return _Reader(names).document(root)


def _parsed(content: bytes) -> tuple[Element, dict[str, str]]:
    """The root, and a prefix for each namespace."""
    names: dict[str, str] = {}
    taken = {*PREFIXES, "xsi"}
    root: Element | None = None
    depth = 0
    events = ("start", "end", "start-ns")
    for what, said in iterparse(BytesIO(content), events, forbid_dtd=False, forbid_entities=True, forbid_external=True):
        if what == "start-ns":
            prefix, uri = said
            if uri not in names and uri not in _OURS:
                names[uri] = _prefix_for(prefix, uri, taken)
        elif what == "start":
            depth += 1
            if depth > DEPTH_MAX:
                raise UnreadableError(f"elements lie more than {DEPTH_MAX} deep within each other")
            root = said if root is None else root
        else:
            depth -= 1
    assert root is not None  # noqa: S101 - a document without an element is no XML
    return root, names


def _prefix_for(prefix: str, uri: str, taken: set[str]) -> str:
    for known, its_uri in {**PREFIXES, "cbvmda": CBVMDA, "xsi": XSI, "xsd": XSD}.items():
        if uri in (its_uri, PREFIXES.get(known)):
            return known
    chosen, number = prefix or "ns", 1
    while chosen in taken:
        number += 1
        chosen = f"{prefix or 'ns'}{number}"
    taken.add(chosen)
    return chosen


class _Reader:
    """Reads elements, with the prefix of each namespace at hand."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._is_1_2 = False

    def document(self, root: Element) -> Document:
        uri, kind = _split(root.tag)
        if uri not in _OURS or kind not in (DOCUMENT, QUERY_DOCUMENT, "EPCISMasterDataDocument"):
            raise UnreadableError(f"this is no EPCIS document: it begins with {root.tag}")
        self._is_1_2 = uri.endswith(":1")
        header = root.find("EPCISHeader")
        fields: dict[str, Any] = {"schemaVersion": "2.0"}
        if "creationDate" in root.attrib:
            fields["creationDate"] = root.attrib["creationDate"]
        own: dict[str, Any] = {} if header is None else self._header(header)
        body = root.find("EPCISBody")
        results: dict[str, Any] | None = None
        if kind == QUERY_DOCUMENT:
            found = (
                None if body is None else next((each for each in body if _split(each.tag)[1] == "QueryResults"), None)
            )
            if found is None:
                raise UnreadableError("a query document without QueryResults")
            results = {name: text for name in ("queryName", "subscriptionID") if (text := found.findtext(name))}
            body = found.find("resultsBody")
        vocabularies = None if body is None else body.find("VocabularyList")
        if vocabularies is not None:
            own["epcisMasterData"] = {"vocabularyList": self._vocabularies(vocabularies)}
        plain, own = plain_header(own, fields.get("creationDate", ""))
        if own:
            plain["epcisHeader"] = own
        around = {self._name(each.tag): self._value(each) for each in root if _split(each.tag)[0]}
        events = [] if body is None else self._events(body.find("EventList"))
        document = with_context(events, self._prefixes(), **fields, **plain, **around)
        kind = QUERY_DOCUMENT if results is not None else DOCUMENT
        return Document(events, {**document.fields, "type": kind}, results)

    def _prefixes(self) -> dict[str, str]:
        left_out = {XSI, XSD, CBVMDA, SBDH}
        named = {
            prefix: uri for uri, prefix in self._names.items() if uri not in left_out and PREFIXES.get(prefix) != uri
        }
        if SBDH in self._names:
            named[self._names[SBDH]] = SBDH
        return named

    def _events(self, events: Element | None) -> list[Event]:
        found = [] if events is None else [self._event(each) for each in _unwrapped(events)]
        if len(found) > EVENTS_MAX:
            raise UnreadableError(f"more than {EVENTS_MAX} events in one document")
        return found

    def _event(self, element: Element) -> Event:
        uri, kind = _split(element.tag)
        if kind == "QuantityEvent" and not uri:
            return self._quantity_event(element)
        if kind not in ORDER:
            kind = self._name(element.tag)
        event: dict[str, Any] = {"type": kind}
        for child in _unwrapped(element):
            name = self._name(child.tag)
            value = self._field(name, child)
            if name == "certificationInfo" and name in event:
                known = event[name]
                value = [*(known if isinstance(known, list) else [known]), value]
                event[name] = value
            elif name in event:
                _add(event, name, value)
            else:
                event[name] = value
        if self._is_1_2 and event.get("epcList") == [] and (event.keys() & {"quantityList", "sensorElementList"}):
            del event["epcList"]  # 1.2 must have one, be it empty
        return event

    def _quantity_event(self, element: Element) -> Event:
        """What 1.1 replaced by an object event with quantities (EPCIS 1.2, section 7.4.4)."""
        said = {self._name(child.tag): child for child in _unwrapped(element)}
        counted = {
            "epcClass": _text(said.pop("epcClass", None)),
            "quantity": _number(_text(said.pop("quantity", None))),
        }
        fields = {name: self._field(name, child) for name, child in said.items()}
        return {"type": "ObjectEvent", "action": "OBSERVE", "quantityList": [counted], **fields}

    def _field(self, name: str, element: Element) -> Any:
        if name in WORDS:
            return WORDS[name].bare(_text(element))
        if name in EPC_LISTS:
            return [_text(each) for each in element]
        if name in QUANTITY_LISTS:
            return [self._quantity(each) for each in element]
        if name in TYPED_LISTS:
            member, words = TYPED_LISTS[name]
            return [_typed(each, member, words) for each in element]
        if name in ("readPoint", "bizLocation", "ilmd"):
            return self._members(element)
        if name == "sensorElementList":
            return [self._sensor_element(each) for each in _unwrapped(element)]
        if name == "persistentDisposition":
            found: dict[str, list[str]] = {}
            for each in element:
                found.setdefault(_split(each.tag)[1], []).append(vocabulary.DISPOSITIONS.bare(_text(each)))
            return found
        if name == "errorDeclaration":
            return self._error_declaration(element)
        return _text(element) if ":" not in name and not len(element) and not element.attrib else self._value(element)

    def _members(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in _unwrapped(element):
            _add(found, self._name(each.tag), self._value(each))
        return found

    def _error_declaration(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in _unwrapped(element):
            name = self._name(each.tag)
            is_list = name == "correctiveEventIDs"
            found[name] = [_text(child) for child in each] if is_list else self._field(name, each)
        return found

    def _quantity(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in element:
            name = self._name(each.tag)
            if name != "quantity":
                found[name] = _text(each)
            elif _text(each):  # else it is nil: nobody knows how many
                found[name] = _number(_text(each))
        return found

    def _sensor_element(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        reports: list[dict[str, Any]] = []
        for each in _unwrapped(element):
            name = self._name(each.tag)
            if name == "sensorMetadata":
                found[name] = self._sensed(each)
            elif name == "sensorReport":
                reports.append(self._sensed(each))
                found[name] = reports
            else:
                _add(found, name, self._value(each))
        return found

    def _sensed(self, element: Element) -> dict[str, Any]:
        """A sensor report or its metadata: attributes, and elements of somebody's own."""
        found: dict[str, Any] = {}
        for tag, text in element.attrib.items():
            name = self._name(tag)
            if name in NUMBERS:
                found[name] = _number(text)
            elif name == "booleanValue":
                found[name] = {"true": True, "1": True, "false": False, "0": False}.get(text, text)
            else:
                found[name] = SENSED_WORDS[name].bare(text) if name in SENSED_WORDS else text
        for each in _unwrapped(element):
            _add(found, self._name(each.tag), self._value(each))
        return found

    def _header(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in _unwrapped(element):
            name = self._name(each.tag)
            if name == "EPCISMasterData":
                listed = each.find("VocabularyList")
                found["epcisMasterData"] = {"vocabularyList": [] if listed is None else self._vocabularies(listed)}
            else:
                _add(found, name, self._value(each))
        return found

    def _vocabularies(self, element: Element) -> list[dict[str, Any]]:
        found = []
        for each in element:
            told: dict[str, Any] = {"type": each.attrib.get("type", "")}
            elements = each.find("VocabularyElementList")
            if elements is not None:
                told["vocabularyElementList"] = [self._vocabulary_element(one) for one in elements]
            found.append(told)
        return found

    def _vocabulary_element(self, element: Element) -> dict[str, Any]:
        told: dict[str, Any] = {"id": element.attrib.get("id", "")}
        attributes = [
            {"id": each.attrib.get("id", ""), "attribute": self._content(each)} for each in element.findall("attribute")
        ]
        if attributes:
            told["attributes"] = attributes
        children = element.find("children")
        if children is not None:
            told["children"] = [_text(each) for each in children]
        return told

    def _content(self, element: Element) -> Any:
        """What is in an attribute of master data."""
        if not len(element):
            return _text(element)
        return {key: value for key, value in self._value(element).items() if key != "@id"}

    def _value(self, element: Element) -> Any:
        """Anything of somebody's own: a text, a number, or an object with a field for each element in it."""
        text = _text(element)
        attributes = {f"@{self._name(name)}": value for name, value in element.attrib.items() if name != _TYPE}
        said_type = self._said_type(element)
        if not len(element) and not attributes:
            return _as_typed(text, said_type) if said_type else text
        found: dict[str, Any] = {**({"@type": said_type} if said_type else {}), **attributes}
        for child in element:
            _add(found, self._name(child.tag), self._value(child))
        if text:
            found["@value"] = text
        return found

    def _said_type(self, element: Element) -> str:
        """``xsi:type``, with the usual prefix whatever the document has for XML Schema."""
        prefix, _, local = element.attrib.get(_TYPE, "").rpartition(":")
        return f"xsd:{local}" if prefix and XSD in self._names else local

    def _name(self, tag: str) -> str:
        uri, local = _split(tag)
        if not uri or uri in _OURS:
            return local
        return f"{self._names[uri]}:{local}"


def _unwrapped(element: Element) -> Iterator[Element]:
    """The elements in ``element``, with those of ``extension`` wrappers in their place."""
    for child in element:
        if child.tag in WRAPPERS:
            yield from _unwrapped(child)
        else:
            yield child


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    """A field, or one more of its values."""
    if name not in found:
        found[name] = value
    elif isinstance(found[name], _Several):
        found[name].append(value)
    else:
        found[name] = _Several([found[name], value])


class _Several(list[Any]):
    """Values of elements with the same name."""


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith("{"):
        uri, _, local = tag[1:].partition("}")
        return uri, local
    return "", tag


def _text(element: Element | None) -> str:
    return "" if element is None or element.text is None else element.text.strip()


def _typed(element: Element, member: str, words: vocabulary.Vocabulary) -> dict[str, str]:
    said = element.attrib.get("type")
    return {**({"type": words.bare(said)} if said is not None else {}), member: _text(element)}


def _number(text: str) -> int | float | str:
    """The number that ``text`` writes; the text itself if it writes none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    return value if value - value == 0 else text


def _as_typed(text: str, said_type: str) -> Any:
    """As JSON's own type if that is written in the same way, else with its type beside it."""
    value = JSON_TYPES.get(said_type, str)(text)
    return value if not isinstance(value, str) else {"@type": said_type, "@value": text}


def _integer(text: str) -> int | str:
    value = _number(text)
    return value if isinstance(value, int) and str(value) == text else text


def _double(text: str) -> float | str:
    value = _number(text)
    return value if isinstance(value, float) and repr(value) == text else text


def _boolean(text: str) -> bool | str:
    return text == "true" if text in ("true", "false") else text


JSON_TYPES: Mapping[str, Callable[[str], object]] = {
    "xsd:integer": _integer,
    "xsd:double": _double,
    "xsd:boolean": _boolean,
}
"""Types of XML Schema that JSON has as well; what JSON would write otherwise stays a text."""
