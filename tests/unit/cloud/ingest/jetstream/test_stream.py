"""What a broker must not be relied on for, told from what its nodes say; and addresses that cannot work."""

from typing import Any

import pytest
from pydantic import ValidationError

from cloud_sync.ingest.jetstream.settings import JetStreamSection
from cloud_sync.ingest.jetstream.stream import stream_config, sync_faults_in

NODE = "https://broker-1.example.org:8222"


@pytest.mark.parametrize(
    ("varz", "words"),
    [
        ({"jetstream": {"config": {"sync_interval": 120_000_000_000, "sync_always": True}}}, None),
        ({"jetstream": {"config": {"sync_interval": 120_000_000_000}}}, "syncs every 120 s: a power cut would lose"),
        ({"jetstream": {}}, "does not say how often it syncs"),
        ({}, "does not say how often it syncs"),
    ],
)
def test_a_node_that_does_not_sync_before_it_acknowledges_is_a_fault(varz: dict[str, Any], words: str | None) -> None:
    found = sync_faults_in(varz, NODE)
    assert [words in each for each in found] == [True] if words else found == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"urls": []}, "at least 1 item"),
        ({"urls": ["nats://broker.example.org"]}, "write tls://broker.example.org"),
        ({"urls": ["mqtts://broker.example.org"]}, "write e.g. tls://"),
        ({"urls": ["tls://user:secret@x.example"]}, "write the address alone"),
        ({"urls": ["tls://x.example", "nats://127.0.0.1"]}, "for all"),
        ({"urls": ["tls://x.example"], "monitor_urls": ["http://x.example:8222"]}, "write https://x.example:8222"),
        ({"urls": ["tls://x.example"], "ca_file": "/nowhere"}, "ca_file: there is no file /nowhere"),
        ({"urls": ["tls://x.example"], "stream": "a.b"}, "should match pattern"),
        ({"urls": ["tls://x.example"], "partitions": 0}, "greater than or equal to 1"),
    ],
)
def test_a_section_that_cannot_work_is_refused_with_the_remedy(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        JetStreamSection.model_validate(settings)


def test_all_batches_of_a_gateway_are_in_one_partition() -> None:
    transform = stream_config(JetStreamSection(urls=("tls://x.example",), partitions=8)).subject_transform
    assert transform is not None and transform.dest == "lotwarden-batches.{{partition(8,1)}}.{{wildcard(1)}}"
