"""Ids of batches never meet, even of batches that begin in the same millisecond."""

from datetime import UTC, datetime

from graphcdp.record.ids import NewIds, new_ulid

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_batches_of_one_moment_share_no_id() -> None:
    made = []
    for _ in range(100):
        ids = NewIds(NOW)
        made += [ids.customer() for _ in range(5)]
    assert len(set(made)) == len(made)


def test_ids_of_a_batch_ascend_and_tell_their_time() -> None:
    ids = NewIds(NOW)
    made = [ids.customer() for _ in range(50)]
    assert made == sorted(made)
    assert {one[:14] for one in made} == {f"cus_{new_ulid(NOW)[:10]}"}
