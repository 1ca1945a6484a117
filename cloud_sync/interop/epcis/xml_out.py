"""Events written in EPCIS XML, 1.2 or 2.0, from the values that JSON-LD has.

What came after 1.2 (sensor data, persistent dispositions, certification, associations) goes where 1.2 lets extensions
go, so that ``xml_in`` reads it back and a partner's 1.2 software passes over it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.documents import QUERY_DOCUMENT, Document, prefixes_of
from cloud_sync.interop.epcis.identifiers import as_urn, read_id
from cloud_sync.interop.epcis.rules import Event
from cloud_sync.interop.epcis.sbdh import HEADER, PLAIN, header_of
from cloud_sync.interop.epcis.vocabulary import PREFIXES
from cloud_sync.interop.epcis.xml_shape import (
    CBVMDA,
    DEPTH_1_2,
    EPC_LISTS,
    EVENT_DEPTH_1_2,
    HEAD,
    IN_BASE_EXTENSION,
    NAMESPACE,
    ORDER,
    QUANTITY_LISTS,
    QUERY_NAMESPACE,
    SBDH,
    SENSED_WORDS,
    TYPED_LISTS,
    WORDS,
    XSD,
    XSI,
    Version,
)

_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnwritableError(Exception):
    """Events that XML cannot say. ``str()`` says what and why."""


def write_xml(document: Document, version: Version = Version.V1_2, *, prefixes: Collection[str] = ()) -> bytes:
    """The document in XML. ``prefixes``: company prefixes with GS1, to write the keys of which as URNs in 1.2.

    Raises ``UnwritableError``.
    """
    writer = _Writer(document, version, prefixes if version is Version.V1_2 else ())
    root = writer.document()
    indent(root, " ")
    text = tostring(root, encoding="unicode")
    if bad := _NOT_XML.search(text):
        raise UnwritableError(f"XML cannot write the character U+{ord(bad[0]):04X}; send JSON")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


class _Writer:
    """Writes elements by prefixed names, and notes which namespaces it used; the root declares them."""

    def __init__(self, document: Document, version: Version, prefixes: Collection[str]) -> None:
        self._said = document
        self._version = version
        self._prefixes = prefixes
        self._namespaces = {
            **document.prefixes, "cbvmda": CBVMDA, "xsi": XSI, "xsd": XSD, **_sbdh_prefix(document.prefixes)
        }  # fmt: skip
        # What the document declares it keeps, used or not.
        self._used = {name: uri for name, uri in document.prefixes.items() if PREFIXES.get(name) != uri}

    def document(self) -> Element:
        is_query = self._said.kind == QUERY_DOCUMENT
        prefix = "epcisq" if is_query else "epcis"
        root = Element(f"{prefix}:{QUERY_DOCUMENT if is_query else 'EPCISDocument'}")
        fields = self._said.fields
        self._header(root)
        body = SubElement(root, "EPCISBody")
        inner = self._results(body, prefix) if is_query else body
        events = SubElement(inner, "EventList")
        for event in self._said.events:
            self._event(events, event)
        for name, value in fields.items():
            if ":" in name:
                self._append(root, name, value)
        spaces = QUERY_NAMESPACE if is_query else NAMESPACE
        root.set(f"xmlns:{prefix}", spaces[self._version])
        for name, uri in sorted(self._used.items()):
            root.set(f"xmlns:{name}", uri)
        root.set("schemaVersion", self._version.value)
        root.set("creationDate", str(fields.get("creationDate", "")))
        return root

    def _header(self, root: Element) -> None:
        fields = self._said.fields
        said = dict(fields.get("epcisHeader") or {})
        plain = {name: fields[name] for name in PLAIN if name in fields}
        if plain and HEADER not in said:
            said = {HEADER: header_of(plain, str(fields.get("creationDate", ""))), **said}
        if not said:
            return
        header = SubElement(root, "EPCISHeader")
        master_data = said.pop("epcisMasterData", None)
        if HEADER in said:
            self._append(header, HEADER, said.pop(HEADER))
        if master_data is not None:
            listed = SubElement(SubElement(SubElement(header, "extension"), "EPCISMasterData"), "VocabularyList")
            for each in master_data.get("vocabularyList") or []:
                self._vocabulary(listed, each)
        for name, value in said.items():
            self._append(header, name, value)

    def _vocabulary(self, listed: Element, said: Mapping[str, Any]) -> None:
        element = SubElement(listed, "Vocabulary", {"type": str(said.get("type", ""))})
        if "vocabularyElementList" not in said:
            return
        elements = SubElement(element, "VocabularyElementList")
        for each in said["vocabularyElementList"]:
            one = SubElement(elements, "VocabularyElement", {"id": str(each.get("id", ""))})
            for attribute in each.get("attributes") or []:
                told = SubElement(one, "attribute", {"id": str(attribute.get("id", ""))})
                self._fill(told, attribute.get("attribute", ""))
            if "children" in each:
                children = SubElement(one, "children")
                for child in each["children"]:
                    _leaf(children, "id", child)

    def _results(self, body: Element, prefix: str) -> Element:
        results = SubElement(body, f"{prefix}:QueryResults")
        said = self._said.results or {}
        for name in ("queryName", "subscriptionID"):
            if name in said:
                _leaf(results, name, said[name])
        return SubElement(results, "resultsBody")

    def _event(self, events: Element, event: Event) -> None:
        kind = str(event["type"])
        own = prefixes_of(event["@context"]) if "@context" in event else {}
        self._namespaces |= {prefix: uri for prefix, uri in own.items() if prefix not in self._namespaces}
        depth = EVENT_DEPTH_1_2.get(kind, 0) if self._version is Version.V1_2 else 0
        element = SubElement(_within(events, depth), kind if kind in ORDER else self._qualified(kind))
        order = ORDER.get(kind, ())
        for name in HEAD:
            if name in event:
                into = element
                if self._version is Version.V1_2 and name in IN_BASE_EXTENSION:
                    into = _shared(element, "baseExtension")
                    into = _shared(into, "extension") if name == "certificationInfo" else into
                self._field(into, name, event[name])
        depths = DEPTH_1_2.get(kind, {}) if self._version is Version.V1_2 else {}
        for name in sorted(order, key=lambda each: depths.get(each, 0)):
            if name in event:
                self._field(_within(element, depths.get(name, 0), shared=True), name, event[name])
            elif name == "epcList" and kind == "ObjectEvent" and self._version is Version.V1_2:
                SubElement(element, "epcList")  # 1.2 wants one
        for name, value in event.items():
            if name not in order and name not in HEAD and name not in ("type", "@context"):
                self._append(element, name, value)

    def _field(self, into: Element, name: str, value: Any) -> None:
        if name in EPC_LISTS:
            self._texts(into, name, "epc", map(self._key, value))
        elif name in QUANTITY_LISTS:
            self._each(self._quantity, into, name, value)
        elif name in TYPED_LISTS:
            self._typed_list(into, name, value)
        elif name in ("readPoint", "bizLocation"):
            self._place(into, name, value)
        elif name in WORDS:
            _leaf(into, name, WORDS[name].as_urn(value))
        else:
            self._other_field(into, name, value)

    def _other_field(self, into: Element, name: str, value: Any) -> None:
        if name == "persistentDisposition":
            element = SubElement(into, name)
            for way in ("unset", "set"):
                for each in value.get(way, ()):
                    _leaf(element, way, vocabulary.DISPOSITIONS.as_urn(each))
        elif name == "sensorElementList":
            self._each(self._sensor_element, into, name, value)
        elif name == "certificationInfo":
            for each in value if isinstance(value, list) else [value]:
                _leaf(into, name, each)
        elif name == "errorDeclaration":
            self._error_declaration(into, value)
        elif name == "ilmd":
            self._fill(SubElement(into, name), value)
        else:
            _leaf(into, name, self._key(value))

    def _each(self, write: Callable[[Element, Any], None], into: Element, name: str, values: Iterable[Any]) -> None:
        listed = SubElement(into, name)
        for value in values:
            write(listed, value)

    def _typed_list(self, into: Element, name: str, values: Iterable[Mapping[str, str]]) -> None:
        member, words = TYPED_LISTS[name]
        listed = SubElement(into, name)
        for each in values:
            said = {"type": words.as_urn(each["type"])} if "type" in each else {}
            SubElement(listed, member, said).text = self._key(each[member])

    def _place(self, into: Element, name: str, value: Mapping[str, Any]) -> None:
        element = SubElement(into, name)
        _leaf(element, "id", self._key(value["id"]))
        self._fill(element, {key: each for key, each in value.items() if key != "id"})

    def _error_declaration(self, into: Element, value: Mapping[str, Any]) -> None:
        element = SubElement(into, "errorDeclaration")
        for name in ("declarationTime", "reason"):
            if name in value:
                self._field(element, name, value[name])
        if "correctiveEventIDs" in value:
            self._texts(element, "correctiveEventIDs", "correctiveEventID", value["correctiveEventIDs"])
        own = ("declarationTime", "reason", "correctiveEventIDs")
        self._fill(element, {name: each for name, each in value.items() if name not in own})

    def _quantity(self, listed: Element, value: Mapping[str, Any]) -> None:
        element = SubElement(listed, "quantityElement")
        _leaf(element, "epcClass", self._key(value["epcClass"]))
        for name in ("quantity", "uom"):
            if name in value:
                _leaf(element, name, _scalar(value[name]))

    def _sensor_element(self, listed: Element, value: Mapping[str, Any]) -> None:
        element = SubElement(listed, "sensorElement")
        if "sensorMetadata" in value:
            self._sensed(SubElement(element, "sensorMetadata"), value["sensorMetadata"])
        for report in value["sensorReport"]:
            self._sensed(SubElement(element, "sensorReport"), report)
        own = ("sensorMetadata", "sensorReport")
        self._fill(element, {name: each for name, each in value.items() if name not in own})

    def _sensed(self, element: Element, value: Mapping[str, Any]) -> None:
        for name, each in value.items():
            if isinstance(each, dict | list):
                self._append(element, name, each)
            elif name in SENSED_WORDS:
                word = SENSED_WORDS[name].as_urn(each)
                self._note(word.partition(":")[0])
                element.set(name, word)
            else:
                element.set(self._qualified(name) if ":" in name else name, _scalar(each))

    def _append(self, into: Element, name: str, value: Any) -> None:
        """An element of somebody's own for each value."""
        for each in value if isinstance(value, list) else [value]:
            self._fill(SubElement(into, self._qualified(name)), each)

    def _fill(self, element: Element, value: Any) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                if name == "@value":
                    element.text = _scalar(each)
                elif name == "@type":
                    self._set_type(element, str(each))
                elif name.startswith("@"):
                    element.set(self._qualified(name[1:]), _scalar(each))
                else:
                    self._append(element, name, each)
            return
        if not isinstance(value, str):
            kinds = {bool: "xsd:boolean", int: "xsd:integer", float: "xsd:double"}
            if type(value) in kinds:
                self._set_type(element, kinds[type(value)])
        element.text = _scalar(value)

    def _set_type(self, element: Element, said: str) -> None:
        self._note("xsi")
        self._note(said.partition(":")[0])
        element.set("xsi:type", said)

    def _texts(self, into: Element, name: str, member: str, texts: Iterable[str]) -> None:
        listed = SubElement(into, name)
        for each in texts:
            _leaf(listed, member, each)

    def _key(self, uri: str) -> str:
        """A GS1 key in the notation that readers of this version know."""
        found = read_id(uri) if self._prefixes and uri.startswith("http") else None
        return uri if found is None else as_urn(found, self._prefixes)

    def _note(self, prefix: str) -> None:
        if prefix in self._namespaces:
            self._used[prefix] = self._namespaces[prefix]

    def _qualified(self, name: str) -> str:
        """The name of an element or attribute for a field, its namespace noted."""
        prefix, colon, local = name.partition(":")
        if not colon:
            prefix, local = "", name
        elif prefix not in self._namespaces:
            cut = max(name.rfind("/"), name.rfind("#"), name.rfind(":")) + 1
            uri, local = name[:cut], name[cut:]
            prefix = next((each for each, its in self._namespaces.items() if its == uri), "")
            if not prefix and "/" not in uri and ":" not in uri[:-1]:
                raise UnwritableError(f"the prefix of {name} is declared nowhere: name its namespace in @context")
            if not prefix:
                prefix = f"ns{sum(each.startswith('ns') for each in self._namespaces) + 1}"
                self._namespaces[prefix] = uri
        if not _NAME.fullmatch(local):
            raise UnwritableError(f"XML has no element named {name}; send JSON")
        if not prefix:
            return local
        self._used[prefix] = self._namespaces[prefix]
        return f"{prefix}:{local}"


def _sbdh_prefix(prefixes: Mapping[str, str]) -> dict[str, str]:
    return {} if SBDH in prefixes.values() else {"sbdh": SBDH}


def _leaf(into: Element, name: str, text: Any) -> None:
    SubElement(into, name).text = str(text)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _within(element: Element, depth: int, *, shared: bool = False) -> Element:
    for _ in range(depth):
        element = _shared(element, "extension") if shared else SubElement(element, "extension")
    return element


def _shared(element: Element, name: str) -> Element:
    """The last element of this name in ``element``, made if there is none."""
    found = element.findall(name)
    return found[-1] if found else SubElement(element, name)
