"""The trace as a graph: lots in places, movements between them, and what was made of what."""

from datetime import UTC, datetime, timedelta

from cloud_sync.domain.trace import Direction, EdgeKind, Step, graph_of

T0 = datetime(2026, 6, 1, tzinfo=UTC)


def step(lot_id: int, source: tuple[str, str], target: tuple[str, str], hour: int, quantity: int = 1) -> Step:
    at = T0 + timedelta(hours=hour)
    return Step(lot_id, "item", f"L{lot_id}", *source, *target, quantity, 1, at, at)


ACME, FRIDGE, BATCH = ("acme", "supplier"), ("fridge", "room"), ("batch-7", "production")
WARD, CUSTOMER = ("ward-3", "ward"), ("st-mary", "customer")


def test_a_lot_in_a_place_is_one_node_however_often_it_is_passed() -> None:
    graph = graph_of([step(1, ACME, FRIDGE, 0), step(1, FRIDGE, WARD, 1), step(1, WARD, FRIDGE, 2)], Direction.FORWARD)
    assert [node.key for node in graph.nodes] == ["1@acme", "1@fridge", "1@ward-3"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("1@acme", "1@fridge"), ("1@fridge", "1@ward-3"), ("1@ward-3", "1@fridge"),
    ]  # fmt: skip


def test_what_went_into_a_batch_is_linked_to_what_came_out_once() -> None:
    steps = [step(1, FRIDGE, BATCH, 0, 5), step(2, BATCH, FRIDGE, 3, 9), step(2, BATCH, WARD, 4, 1)]
    made = [edge for edge in graph_of(steps, Direction.FORWARD).edges if edge.kind is EdgeKind.MADE_INTO]
    assert [(edge.source, edge.target, edge.quantity) for edge in made] == [("1@batch-7", "2@batch-7", 5)]


def test_what_came_to_a_batch_after_the_product_had_left_is_no_part_of_it() -> None:
    steps = [step(2, BATCH, FRIDGE, 1), step(1, FRIDGE, BATCH, 2)]
    assert all(edge.kind is EdgeKind.MOVED for edge in graph_of(steps, Direction.FORWARD).edges)


def test_suppliers_end_a_trace_backward_and_recipients_forward() -> None:
    steps = [step(1, ACME, FRIDGE, 0), step(1, FRIDGE, CUSTOMER, 1), step(1, FRIDGE, WARD, 2)]
    assert [end.from_place for end in graph_of(steps, Direction.BACKWARD).ends] == ["acme"]
    assert [end.to_place for end in graph_of(steps, Direction.FORWARD).ends] == ["st-mary", "ward-3"]
