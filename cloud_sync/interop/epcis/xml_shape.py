"""The shape of events in XML: which elements, in which order, and where EPCIS 1.2 puts what came later.

Sources: EPCglobal-epcis-1_2.xsd and EPCglobal-epcis-2_0.xsd. Until 1.2 each addition went one ``extension`` deeper;
2.0 took them all out again.
"""

from collections.abc import Mapping
from enum import StrEnum

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.vocabulary import Vocabulary


class Version(StrEnum):
    """Versions of the XML notation."""

    V1_2 = "1.2"
    V2_0 = "2.0"


NAMESPACE: Mapping[Version, str] = {
    Version.V1_2: "urn:epcglobal:epcis:xsd:1",
    Version.V2_0: "urn:epcglobal:epcis:xsd:2",
}
QUERY_NAMESPACE: Mapping[Version, str] = {
    Version.V1_2: "urn:epcglobal:epcis-query:xsd:1",
    Version.V2_0: "urn:epcglobal:epcis-query:xsd:2",
}
MASTER_DATA_NAMESPACES = ("urn:epcglobal:epcis-masterdata:xsd:1", "urn:epcglobal:epcis-masterdata:xsd:2")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
CBVMDA = "urn:epcglobal:cbv:mda"
"""Of master data attributes: XML writes it so, JSON-LD with a colon behind."""

HEAD = ("eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "errorDeclaration", "certificationInfo")
"""What every event begins with."""
_BUSINESS = ("bizStep", "disposition", "readPoint", "bizLocation")
_PARTIES = ("sourceList", "destinationList", "sensorElementList", "persistentDisposition")
ORDER: Mapping[str, tuple[str, ...]] = {
    "ObjectEvent": ("epcList", "action", *_BUSINESS, "bizTransactionList", "quantityList", *_PARTIES, "ilmd"),
    "AggregationEvent": (
        "parentID", "childEPCs", "action", *_BUSINESS, "bizTransactionList", "childQuantityList", *_PARTIES
    ),
    "AssociationEvent": (
        "parentID", "childEPCs", "childQuantityList", "action", *_BUSINESS, "bizTransactionList", *_PARTIES
    ),
    "TransactionEvent": (
        "bizTransactionList", "parentID", "epcList", "action", *_BUSINESS, "quantityList", *_PARTIES
    ),
    "TransformationEvent": (
        "inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList", "transformationID", *_BUSINESS,
        "bizTransactionList", *_PARTIES, "ilmd"
    ),
}  # fmt: skip
"""And what follows by type of event."""

_LATER = frozenset({"sensorElementList", "persistentDisposition"})
_SINCE_1_1 = frozenset({"quantityList", "childQuantityList", "sourceList", "destinationList", "ilmd"})
DEPTH_1_2: Mapping[str, Mapping[str, int]] = {
    kind: {
        **(dict.fromkeys(_SINCE_1_1, 1) if kind not in ("TransformationEvent", "AssociationEvent") else {}),
        **dict.fromkeys(_LATER, 1 if kind in ("TransformationEvent", "AssociationEvent") else 2),
    }
    for kind in ORDER
}
"""How many ``extension`` elements deep 1.2 has a field; 0 where it is not named."""
EVENT_DEPTH_1_2: Mapping[str, int] = {"TransformationEvent": 1, "AssociationEvent": 2}
"""The same for whole events in the event list."""
IN_BASE_EXTENSION = frozenset({"eventID", "errorDeclaration", "certificationInfo"})
"""What 1.2 puts into ``baseExtension``."""
WRAPPERS = frozenset({"extension", "baseExtension"})

EPC_LISTS = frozenset({"epcList", "childEPCs", "inputEPCList", "outputEPCList"})
QUANTITY_LISTS = frozenset({"quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"})
TYPED_LISTS: Mapping[str, tuple[str, Vocabulary]] = {
    "bizTransactionList": ("bizTransaction", vocabulary.BIZ_TRANSACTION_TYPES),
    "sourceList": ("source", vocabulary.SOURCE_DEST_TYPES),
    "destinationList": ("destination", vocabulary.SOURCE_DEST_TYPES),
}
WORDS: Mapping[str, Vocabulary] = {
    "bizStep": vocabulary.BIZ_STEPS,
    "disposition": vocabulary.DISPOSITIONS,
    "reason": vocabulary.ERROR_REASONS,
}
"""Fields whose text is a word of a vocabulary."""
SENSED_WORDS: Mapping[str, Vocabulary] = {
    "type": vocabulary.MEASUREMENTS,
    "exception": vocabulary.SENSOR_ALERTS,
    "component": vocabulary.COMPONENTS,
}
"""The same for attributes of a sensor report."""
