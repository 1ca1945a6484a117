"""A trace is folded where it is too wide to look at, and nothing is hidden for good."""

from typing import Any

from cloud_sync.domain.trace_view import FOLD_OVER, NODES_MAX, OPEN_MAX, WAY_MAX, view_of

NOTHING: tuple[list[Any], list[Any]] = ([], [])


def node(key: str) -> dict[str, Any]:
    return {"key": key, "lot_id": 1, "item": "insulin", "lot_number": "L1", "place": key, "place_kind": "room"}


def edge(source: str, target: str, at: int = 0) -> dict[str, Any]:
    return {"source": source, "target": target, "kind": "moved", "quantity": 2, "first_at": f"{at:06}"}


def star(width: int) -> tuple[list[Any], list[Any]]:
    return (
        [node("hub"), *(node(f"ward-{n}") for n in range(width))],
        [edge("hub", f"ward-{n}", n) for n in range(width)],
    )


def folded(nodes: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["of"], each["folded"]) for each in nodes if "folded" in each]


def test_a_small_trace_is_shown_as_it_is() -> None:
    backward = ([node("acme"), node("dock")], [edge("acme", "dock")])
    forward = ([node("dock"), node("ward")], [edge("dock", "ward")])
    view = view_of(backward, forward)
    assert {each["key"] for each in view.nodes} == {"acme", "dock", "ward"}
    assert {(each["source"], each["target"]) for each in view.edges} == {("acme", "dock"), ("dock", "ward")}
    assert view.nodes_in_all == 3


def test_a_wide_node_is_folded_with_how_many_and_how_much_and_opens() -> None:
    view = view_of(NOTHING, star(100))
    assert folded(view.nodes) == [("hub", 100 - FOLD_OVER)]
    assert [each["quantity"] for each in view.edges if each["kind"] == "folded"] == [2 * (100 - FOLD_OVER)]
    assert folded(view_of(NOTHING, star(100), {"hub"}).nodes) == []
    assert folded(view_of(NOTHING, star(1000), {"hub"}).nodes) == [("hub", 1000 - OPEN_MAX)]
    assert folded(view_of(NOTHING, star(FOLD_OVER + 1)).nodes) == [], "folding one would hide it for nothing"


def test_what_came_is_folded_as_well_towards_where_it_came_from() -> None:
    many = [node("product"), *(node(f"lot-{n}") for n in range(50))]
    view = view_of((many, [edge(f"lot-{n}", "product", n) for n in range(50)]), NOTHING)
    assert folded(view.nodes) == [("product", 50 - FOLD_OVER)]
    assert [each["target"] for each in view.edges if each["kind"] == "folded"] == ["product"]


def test_where_a_lot_went_is_not_drawn_once_more_on_the_way_back() -> None:
    wards = [node("dock"), *(node(f"ward-{n}") for n in range(50))]
    out = [edge("dock", f"ward-{n}", n) for n in range(50)]
    view = view_of(([node("acme"), *wards], [edge("acme", "dock"), *out]), (wards, out))
    assert len(view.nodes) == 1 + 1 + FOLD_OVER + 1, "the supplier, the dock, some wards, and the others in one"


def test_ten_thousand_nodes_stay_few_and_a_circle_ends() -> None:
    deep = [node(f"n{n}") for n in range(10_000)]
    links = [edge(f"n{n}", f"n{n * 3 + k}", n) for n in range(3_333) for k in (1, 2, 3) if n * 3 + k < 10_000]
    view = view_of(NOTHING, (deep, links))
    assert WAY_MAX <= len(view.nodes) < 3 * WAY_MAX and view.nodes_in_all == 10_000
    opened = {each["key"] for each in deep}
    assert NODES_MAX <= len(view_of(NOTHING, (deep, links), opened).nodes) < 2 * NODES_MAX
    assert {each for pair in view.edges for each in (pair["source"], pair["target"])} <= {
        each["key"] for each in view.nodes
    }
    circle = view_of(NOTHING, ([node("a"), node("b")], [edge("a", "b"), edge("b", "a")]))
    assert {each["key"] for each in circle.nodes} == {"a", "b"} and len(circle.edges) == 2
