"""Rules 2 to 7: whose a message is, told as stories on a graph in memory."""

from hypothesis import given
from hypothesis import strategies as st

from graphcdp.model.messages import MessageType
from graphcdp.model.outcomes import Status
from graphcdp.model.problems import ProblemCode
from graphcdp.resolve.rules import IdentityRules
from tests.resolve.memory import Memory, message


def test_earlier_clicks_belong_to_the_user_who_signs_in() -> None:
    graph = Memory()
    first, _ = graph.record(message("m1", "anonymous:a1"), message("m2", "anonymous:a1", 1))
    graph.record(message("m3", "anonymous:a1 user:u1", 2, type=MessageType.IDENTIFY, traits={"plan": "free"}))
    assert graph.partition() == {frozenset({"anonymous:a1", "user:u1"})}
    assert graph.of("user:u1").id == first.customer_id
    assert graph.traits("user:u1") == {"plan": "free"}
    assert graph.events == {"m1": "anonymous:a1", "m2": "anonymous:a1"}


def test_one_message_unites_three_and_the_users_customer_survives() -> None:
    graph = Memory()
    a, b, c = graph.record(
        message("m1", "anonymous:a1"), message("m2", "email:ann@example.com"), message("m3", "user:u1")
    )
    (united,) = graph.record(message("m4", "anonymous:a1 email:Ann@example.com user:u1"))
    assert united.customer_id == c.customer_id
    assert set(united.absorbed) == {a.customer_id, b.customer_id}
    assert graph.merged == dict.fromkeys(united.absorbed, c.customer_id)
    assert len(graph.partition()) == 1


def test_a_shared_device_does_not_unite_two_users() -> None:
    graph = Memory()
    graph.record(message("m1", "device:tv user:u1"))
    (second,) = graph.record(message("m2", "device:tv user:u2"))
    assert graph.partition() == {frozenset({"device:tv", "user:u1"}), frozenset({"user:u2"})}
    (warning,) = second.warnings
    assert (warning.code, warning.path) == (ProblemCode.LIMIT, ("identifiers", "0"))
    assert warning.identifier == "device:tv"


def test_with_last_login_the_device_follows() -> None:
    graph = Memory(IdentityRules.model_validate({"shared_device": "last_login"}))
    graph.record(message("m1", "device:tv user:u1"), message("m2", "device:tv user:u2", 1))
    assert graph.partition() == {frozenset({"user:u1"}), frozenset({"device:tv", "user:u2"})}
    assert ("device:tv", "user:u1") not in graph.links


def test_a_refusal_does_not_stop_the_next() -> None:
    graph = Memory()
    graph.record(message("m1", "user:u1 email:shared@example.com"))
    graph.record(message("m2", "user:u2 email:shared@example.com anonymous:a9"))
    assert frozenset({"user:u2", "anonymous:a9"}) in graph.partition()


def test_a_new_identifier_that_is_refused_is_not_kept() -> None:
    graph = Memory(IdentityRules.model_validate({"kinds": {"anonymous": {"limit": 1}}}))
    graph.record(message("m1", "user:u1 anonymous:a1"))
    (second,) = graph.record(message("m2", "user:u1 anonymous:a2"))
    assert second.warnings[0].code is ProblemCode.LIMIT
    assert "anonymous:a2" not in graph.identifiers


def test_merge_never_lets_new_ones_join_but_unites_nobody() -> None:
    graph = Memory(IdentityRules.model_validate({"merge": "never"}))
    graph.record(message("m1", "anonymous:a1"), message("m2", "user:u1 email:a@x.org"))
    (third,) = graph.record(message("m3", "user:u1 anonymous:a1"))
    assert len(graph.partition()) == 2
    assert third.warnings[0].code is ProblemCode.MERGE_OFF


def test_merge_always_looks_at_no_limit() -> None:
    graph = Memory(IdentityRules.model_validate({"merge": "always"}))
    graph.record(message("m1", "device:tv user:u1"), message("m2", "device:tv user:u2"))
    assert len(graph.partition()) == 1


def test_a_cut_pair_stays_apart() -> None:
    graph = Memory(cuts={("device:d1", "user:u1")})
    graph.record(message("m1", "user:u1"), message("m2", "device:d1"))
    (third,) = graph.record(message("m3", "user:u1 device:d1"))
    assert third.warnings[0].code is ProblemCode.CUT
    assert len(graph.partition()) == 2


def test_the_same_message_again_changes_nothing() -> None:
    graph = Memory()
    graph.record(message("m1", "user:u1 device:d1", traits={"plan": "pro"}))
    before = graph.links["device:d1", "user:u1"].count
    (again,) = graph.record(message("m1", "user:u1 device:d2"))
    assert again.status is Status.DUPLICATE
    assert graph.links["device:d1", "user:u1"].count == before
    assert graph.partition() == {frozenset({"user:u1", "device:d1"})}


def test_a_late_message_does_not_replace_a_newer_trait() -> None:
    graph = Memory()
    graph.record(message("m1", "user:u1", 9, traits={"city": "Hue", "plan": "pro"}))
    graph.record(message("m2", "user:u1", 1, traits={"city": "Hanoi", "age": 30}, unset=["plan"]))
    assert graph.traits("user:u1") == {"city": "Hue", "plan": "pro", "age": 30}


ids = st.sampled_from(["user:u1", "user:u2", "email:a@x.org", "device:d1", "device:d2", "anonymous:a1", "anonymous:a2"])
streams = st.lists(st.lists(ids, min_size=1, max_size=3, unique=True), min_size=1, max_size=12)


@given(streams, st.booleans())
def test_every_identifier_has_exactly_one_customer(stream: list[list[str]], in_one_batch: bool) -> None:
    graph = Memory()
    messages = [message(f"m{n}", " ".join(named), n) for n, named in enumerate(stream)]
    if in_one_batch:
        graph.record(*messages)
    else:
        for one in messages:
            graph.record(one)
    graph.partition()
    assert len(graph.events) == len(messages)
    for customer in graph.customers.values():
        held = [f.identifier.kind for f in graph.identifiers.values() if f.owner == customer.id]
        assert {k: n for k, n in customer.counts.items() if n} == {k: held.count(k) for k in set(held)}
        assert customer.counts.get("user", 0) <= 1


@given(streams)
def test_one_batch_decides_as_single_messages_do(stream: list[list[str]]) -> None:
    messages = [message(f"m{n}", " ".join(named), n) for n, named in enumerate(stream)]
    together, apart = Memory(), Memory()
    together.record(*messages)
    for one in messages:
        apart.record(one)
    assert together.partition() == apart.partition()


@given(streams)
def test_recording_twice_changes_nothing(stream: list[list[str]]) -> None:
    messages = [message(f"m{n}", " ".join(named), n, traits={"n": n}) for n, named in enumerate(stream)]
    graph = Memory()
    graph.record(*messages)
    before = graph.partition(), {k: v.count for k, v in graph.links.items()}, dict(graph.events)
    assert all(outcome.status is Status.DUPLICATE for outcome in graph.record(*messages))
    assert before == (graph.partition(), {k: v.count for k, v in graph.links.items()}, graph.events)


@given(st.permutations(range(5)))
def test_the_order_of_independent_messages_does_not_matter(order: list[int]) -> None:
    stories = [
        "user:u1 device:d1",
        "device:d1 anonymous:a1",
        "user:u2 email:a@x.org",
        "email:a@x.org phone:+84901234567",
        "anonymous:a9",
    ]
    graph = Memory()
    for n in order:
        graph.record(message(f"m{n}", stories[n], n, traits={"n": n}))
    assert graph.partition() == {
        frozenset({"user:u1", "device:d1", "anonymous:a1"}),
        frozenset({"user:u2", "email:a@x.org", "phone:+84901234567"}),
        frozenset({"anonymous:a9"}),
    }
    assert graph.traits("user:u1") == {"n": 1}
    assert graph.traits("user:u2") == {"n": 3}
