"""A label printer on the network: what it gets, and what is told when it cannot print."""

import pytest

from cloud_sync.errors import Conflict
from cloud_sync.labels.printer import Address, address_of, send
from tests.support.label_printer import HEAD_OPEN, OUT_OF_LABELS, free_port, label_printer

ZPL = b"^XA^FO0,0^GFA,1,1,1,FF^FS^PQ1^XZ\r\n"


def test_a_printer_that_is_ready_gets_the_very_bytes() -> None:
    with label_printer() as printer:
        send(ZPL * 5000, address_of(printer.address))
        assert printer.done.wait(10)
    assert printer.jobs == [ZPL * 5000]


@pytest.mark.parametrize(
    ("status", "why"),
    [(OUT_OF_LABELS, "cannot print: it is out of labels"), (HEAD_OPEN, "cannot print: its head is open")],
)
def test_a_printer_that_cannot_print_gets_nothing_and_says_why(status: bytes, why: str) -> None:
    with label_printer(status) as printer, pytest.raises(Conflict, match=why) as refused:
        send(ZPL, address_of(printer.address))
    assert printer.jobs == [] and "Nothing was sent" in refused.value.what_to_do


def test_a_printer_that_takes_the_connection_and_says_nothing_is_given_up_after_the_time_out() -> None:
    with label_printer(b"") as printer, pytest.raises(Conflict, match=r"does not answer within 0\.2 s") as refused:
        send(ZPL, address_of(printer.address), timeout_s=0.2)
    assert printer.jobs == [] and "switched on" in refused.value.what_to_do


def test_an_address_where_nothing_listens_and_a_name_that_nobody_has_are_told() -> None:
    with pytest.raises(Conflict, match="cannot be reached"):
        send(ZPL, Address("127.0.0.1", free_port()))
    with pytest.raises(Conflict, match="its name is not known"):
        send(ZPL, Address("no-such-printer.invalid"))


@pytest.mark.parametrize("typed", ["", "a b", "zebra:0", "zebra:99999", "zebra:x", "http://zebra"])
def test_what_is_no_address_is_told_with_an_example(typed: str) -> None:
    with pytest.raises(ValueError, match=r"such as 10\.0\.0\.5:9100"):
        address_of(typed)
