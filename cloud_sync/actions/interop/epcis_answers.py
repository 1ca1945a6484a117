"""Events as the answer of a query: what is given to whoever asks, and sent to whoever subscribed."""

from collections.abc import Sequence

from cloud_sync.actions.interop.epcis_own_facts import Found
from cloud_sync.interop.epcis.documents import QUERY_DOCUMENT, Document, with_context
from cloud_sync.interop.epcis.facts import NAMESPACE, PREFIX

JSON_LD = "application/ld+json"


def answer_document(
    found: Sequence[Found], *, at: str, name: str, subscription: str = "", with_hashes: bool = True
) -> Document:
    """The answer made at ``at`` (ISO 8601) to the query ``name``, of a subscription if there is one.

    The event hashes stand in a field of the document, for a field in an event would count in the hash of whoever
    computes it again.
    """
    prefixes: dict[str, str] = {}
    for each in found:
        prefixes |= each.prefixes
    document = with_context([each.event for each in found], {**prefixes, PREFIX: NAMESPACE}, creationDate=at)
    fields = {**document.fields, "type": QUERY_DOCUMENT}
    if with_hashes:
        fields[f"{PREFIX}:eventHashes"] = [{"eventID": each.event["eventID"], "hash": each.hash} for each in found]
    results = {"queryName": name, **({"subscriptionID": subscription} if subscription else {})}
    return Document(document.events, fields, results)
