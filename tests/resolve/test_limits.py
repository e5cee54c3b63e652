"""docs/sources.md, rules 14 and 15: what one customer may have; a message loses what exceeds it, and nothing else."""

from graphcdp.model.messages import MessageType
from graphcdp.model.outcomes import Status
from graphcdp.model.problems import ProblemCode
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.resolve.rules import IdentityRules, MergeMode
from tests.resolve.memory import Memory, message

TWO = CustomerLimits(traits_max=2)
THREE = CustomerLimits(identifiers_max=3)


def test_rule_14_a_customer_has_so_many_identifiers_of_all_kinds() -> None:
    graph = Memory(limits=THREE)
    graph.record(message("m1", "user:u1 anonymous:a1"), message("m2", "user:u1 device:d1"))
    (full,) = graph.record(message("m3", "user:u1 anonymous:a2", 3, traits={"plan": "pro"}))
    assert full.status is Status.RECORDED
    (warning,) = full.warnings
    assert (warning.code, warning.identifier, warning.path) == (
        ProblemCode.FULL, "anonymous:a2", ("identifiers", "1"),
    )  # fmt: skip
    assert (warning.limit, warning.actual) == (3, 4)
    assert graph.partition() == {frozenset({"user:u1", "anonymous:a1", "device:d1"})}
    assert graph.traits("user:u1") == {"plan": "pro"}
    (known,) = graph.record(message("m4", "user:u1 anonymous:a1", 4))
    assert known.warnings == ()


def test_rule_14_customers_do_not_unite_beyond_it_and_keep_what_they_have() -> None:
    graph = Memory(IdentityRules(region="VN", merge=MergeMode.ALWAYS), limits=THREE)
    graph.record(message("m1", "user:u1 anonymous:a1"), message("m2", "email:b@x.org device:d2"))
    (refused,) = graph.record(message("m3", "user:u1 email:b@x.org anonymous:a3", 3))
    assert [(one.code, one.identifier) for one in refused.warnings] == [(ProblemCode.FULL, "email:b@x.org")]
    assert graph.partition() == {
        frozenset({"user:u1", "anonymous:a1", "anonymous:a3"}), frozenset({"email:b@x.org", "device:d2"}),
    }  # fmt: skip


def test_rule_14_a_device_does_not_move_to_who_has_no_room() -> None:
    rules = IdentityRules.model_validate({"shared_device": "last_login"})
    graph = Memory(rules, limits=CustomerLimits(identifiers_max=2))
    graph.record(message("m1", "device:tv user:u1"), message("m2", "user:u2 anonymous:a2"))
    (refused,) = graph.record(message("m3", "device:tv user:u2", 3))
    assert [one.code for one in refused.warnings] == [ProblemCode.FULL]
    assert frozenset({"device:tv", "user:u1"}) in graph.partition()


def test_rule_15_new_names_find_no_room_and_known_ones_change() -> None:
    graph = Memory(limits=TWO)
    (first,) = graph.record(message("m1", "user:u1", 1, type=MessageType.IDENTIFY, traits={"a": 1, "b": 1, "c": 1}))
    (warning,) = first.warnings
    assert (warning.code, warning.path, warning.limit, warning.actual) == (ProblemCode.FULL, ("traits",), 2, 3)
    assert "(c)" in warning.message
    (second,) = graph.record(message("m2", "user:u1", 2, traits={"d": 2, "b": 2}, unset=("a", "e")))
    assert [one.code for one in second.warnings] == [ProblemCode.FULL]
    assert graph.traits("user:u1") == {"b": 2}
    assert set(graph.identifiers["user:u1"].traits) == {"a", "b"}, "the identifier holds what the customer shows"
    # What was unset is remembered, and so takes room.
    graph.record(message("m3", "user:u1", 3, traits={"f": 3}))
    assert graph.traits("user:u1") == {"b": 2}
    assert graph.events == {"m2": "user:u1", "m3": "user:u1"}


def test_rule_15_customers_with_many_traits_unite_and_get_no_new_names() -> None:
    graph = Memory(limits=TWO)
    graph.record(message("m1", "user:u1", 1, traits={"a": 1, "b": 1}))
    graph.record(message("m2", "anonymous:a1", 2, traits={"c": 1, "d": 1}))
    (united,) = graph.record(message("m3", "user:u1 anonymous:a1", 3, traits={"a": 3, "e": 3}))
    assert len(united.absorbed) == 1
    assert graph.traits("user:u1") == {"a": 3, "b": 1, "c": 1, "d": 1}


def test_without_limits_there_are_none() -> None:
    graph = Memory()
    graph.record(message("m1", "user:u1", 1, traits={f"t{n}": n for n in range(2000)}))
    assert len(graph.traits("user:u1")) == 2000
