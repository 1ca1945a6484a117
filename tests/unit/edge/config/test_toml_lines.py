"""Where things stand in a TOML text."""

import tomllib

from edge_agent.config.toml_lines import line_of, lines_of

TEXT = '''title = "top"
[gateway] # a comment with [brackets]
name = "a # not a comment"
[uplink]
url = """
[not.a.header]
key = "in a string"
"""
list = [
  1, # ]
  "]",
]
"quoted key" = { a = 1, b = [1] }
[[bus]]
name = 'one'
sub.dotted = 1
[[bus]]

name = "two"
[bus.extra]
deep = 1
[[bus.child]]
x = 1
'''


def test_every_key_has_its_line() -> None:
    tomllib.loads(TEXT)
    assert lines_of(TEXT) == {
        ("title",): 1,
        ("gateway",): 2,
        ("gateway", "name"): 3,
        ("uplink",): 4,
        ("uplink", "url"): 5,
        ("uplink", "list"): 9,
        ("uplink", "quoted key"): 13,
        ("bus",): 14,
        ("bus", 0): 14,
        ("bus", 0, "name"): 15,
        ("bus", 0, "sub"): 16,
        ("bus", 0, "sub", "dotted"): 16,
        ("bus", 1): 17,
        ("bus", 1, "name"): 19,
        ("bus", 1, "extra"): 20,
        ("bus", 1, "extra", "deep"): 21,
        ("bus", 1, "child"): 22,
        ("bus", 1, "child", 0): 22,
        ("bus", 1, "child", 0, "x"): 23,
    }


def test_what_is_missing_stands_where_it_belongs() -> None:
    lines = lines_of(TEXT)
    assert line_of(lines, ("bus", 1, "port")) == 17
    assert line_of(lines, ("uplink", "quoted key", "a")) == 13
    assert line_of(lines, ("journal",)) == 1
