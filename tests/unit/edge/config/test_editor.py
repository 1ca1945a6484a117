"""Adding a section to a text: in its place, and nothing else changed."""

import tomllib

import pytest

from edge_agent.config.editor import with_section

TEXT = """\
# top
[gateway]
name = "a" # why

[[bus]]
name = "one"
# notes = "of bus one"

# About devices.
[[device]]
name = "d1"
[device.counter]
sizes = [
  1,
]

# About scanners,
# two lines.
[[scanner]]
name = "s"
"""


def test_it_goes_behind_the_last_of_its_kind_and_its_tables_and_before_the_next_comment() -> None:
    text = with_section(TEXT, "device", {"name": "d2", "poll_s": 10}, ("Proven today.",))
    assert '  1,\n]\n\n# Proven today.\n[[device]]\nname = "d2"\npoll_s = 10\n\n# About scanners,\n' in text


def test_a_commented_key_stays_with_its_section() -> None:
    text = with_section(TEXT, "bus", {"name": "two"})
    assert '# notes = "of bus one"\n\n[[bus]]\nname = "two"\n\n# About devices.' in text


def test_a_kind_that_is_new_goes_to_the_end() -> None:
    assert with_section(TEXT, "lamp", {"name": "l"}).endswith('name = "s"\n\n[[lamp]]\nname = "l"\n')


@pytest.mark.parametrize("section", ["bus", "device", "scanner", "lamp"])
def test_nothing_else_changes(section: str) -> None:
    before, after = tomllib.loads(TEXT), tomllib.loads(with_section(TEXT, section, {"name": 'q"\\é'}))
    assert after.pop(section) == [*before.pop(section, []), {"name": 'q"\\é'}]
    assert after == before


def test_a_comment_cannot_become_a_line_of_its_own() -> None:
    text = with_section(TEXT, "device", {"name": "d2"}, ("good\nevil = 1\r[x]",))
    assert "# good evil = 1 [x]\n" in text
