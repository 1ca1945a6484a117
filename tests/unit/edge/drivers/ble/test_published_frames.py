"""Every frame that the pages of firmware_notes show, through every decoder: its own reads it, all others leave it."""

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.on_air import Measured
from edge_agent.drivers.ble.registry import FORMATS, format_names
from tests.support.ble_pages import NO_MODEL, NOTES, PublishedFrame, heard, models_table, published_frames

FRAMES = published_frames()
IDS = [f"{frame.page[4:-3]}-{frame.model}-{number}" for number, frame in enumerate(FRAMES)]
READ_BY_CONNECTING = "gatt-ess"


@pytest.mark.parametrize("frame", FRAMES, ids=IDS)
def test_a_published_frame_says_what_its_page_says(frame: PublishedFrame) -> None:
    for name in frame.formats:
        decoded = FORMATS[name].decode(frame.advertisement(), frame.key)
        if frame.quality is None:
            assert decoded is None
            continue
        assert decoded is not None
        assert (decoded.quality, decoded.source) == (frame.quality, frame.source), decoded.detail
        if frame.quality is Quality.GOOD:
            assert decoded.values == pytest.approx(frame.values, abs=0.0051)
            assert decoded.values.keys() == frame.values.keys()


@pytest.mark.parametrize("frame", FRAMES, ids=IDS)
def test_no_other_format_takes_a_published_frame_for_its_own(frame: PublishedFrame) -> None:
    for name in set(format_names()) - set(frame.formats):
        assert FORMATS[name].decode(frame.advertisement(), frame.key if FORMATS[name].takes_key else None) is None, name


@pytest.mark.parametrize("name", format_names())
def test_no_other_format_takes_a_simulated_frame_for_its_own(name: str) -> None:
    said = FORMATS[name].encode(Measured("54:48:E6:8F:80:A6", 5.0, 45.0, 90, 7))
    taken = {other for other, known in FORMATS.items() if known.decode(heard(said), None) is not None}
    assert taken == (set() if name == READ_BY_CONNECTING else {name})


@pytest.mark.parametrize("name", format_names())
def test_every_model_that_is_registered_has_a_published_frame_with_values(name: str) -> None:
    if name == READ_BY_CONNECTING:
        return  # its characteristics are proven over a connection
    proven = {frame.model for frame in FRAMES if frame.quality is Quality.GOOD and frame.page == FORMATS[name].page}
    assert set(FORMATS[name].models) <= proven


def test_every_row_is_of_a_registered_model_and_says_where_it_was_published() -> None:
    models = {model for known in FORMATS.values() for model in known.models}
    assert {frame.model for frame in FRAMES} - models == {NO_MODEL}
    assert all(frame.published_in for frame in FRAMES)
    assert len(FRAMES) > 120


def test_the_table_of_models_says_what_is_proven_and_nothing_else() -> None:
    page = (NOTES / "ble-models.md").read_text(encoding="utf-8")
    assert page.endswith(models_table()), "python -m tests.support.ble_pages writes it"


@pytest.mark.parametrize("name", format_names())
def test_every_format_has_its_page_and_knows_which_model_it_simulates(name: str) -> None:
    known = FORMATS[name]
    page = (NOTES / known.page).read_text(encoding="utf-8")
    assert f"`{name}`" in page
    assert not known.simulates or known.simulates in known.models
    listed = (NOTES / "README.md").read_text(encoding="utf-8")
    assert f"({known.page})" in listed and f"`{name}`" in listed
    assert f"| `{name}` |" in (NOTES / "ble-adapter.md").read_text(encoding="utf-8")
