"""Changes delivered to those who follow the feed: what is asked of a change is read once for all who ask the same.

Who asks the same, with the same rights, shares a group. A change is made into
an answer once in it, together with the others of its batch: graphql-core tells
the change itself, one planned statement the customers and events of the batch. What was
made is kept for a moment, for those who are about to ask. Source:
docs/subscriptions.md, rules 7 and 8.
"""

import asyncio
import contextvars
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError
from graphql.error import located_error
from graphql.execution import create_source_event_stream
from graphql.execution.executor import Executor as CoreExecutor
from strawberry.types import ExecutionResult

from graphcdp.api.answers import AnswerTooLargeError, answer_of, to_bytes
from graphcdp.api.change_subscriptions import ChangeBatch
from graphcdp.api.changes import type_name_of
from graphcdp.api.context import Context
from graphcdp.api.delivery import (
    BATCH,
    CUSTOMER,
    INTO,
    LIST,
    Delivery,
    ids_variable,
    root_of,
    taken_apart,
    variables_below,
)
from graphcdp.api.execution import Executor, Subscribed
from graphcdp.api.failures import shown
from graphcdp.model.changes import Change, ChangeKind, Sequenced
from graphcdp.model.ids import Tag, tagged
from graphcdp.model.principals import Asking, Principal
from graphcdp.notify.feed import LEAVE_S, ended

FRESH_S = 1.0
"""How long an answer about a change is kept for others who ask the same."""
KEPT_BYTES_MAX = 32 * 1024 * 1024
"""Of answers that are kept, of all groups; beyond it they are made again."""
MESSAGE_BYTES = 1024 * 1024
"""A message gets no further change when it has so many; one change alone may have more."""
MAKING_MAX = 8
"""Batches that are read at once; others wait, so that queries still find connections."""
HELD_S = 30.0
"""Whoever held up its answers for so long without catching up meanwhile is told to come again."""
RETRIES_S = (0.2, 1.0, 3.0)
"""Waits while the database is away."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Made:
    """A change as an answer.

    parts: JSON by name of the list; None when it failed as a whole. errors: with the name of the list, and paths
    from the change.
    """

    parts: dict[str, bytes] | None
    errors: list[tuple[str | None, Json]]
    size: int


@dataclass(slots=True)
class _Group:
    """Those who ask the same. made: by number of the change, the work that makes it and its place in that."""

    delivery: Delivery
    planned: Any
    followers: int = 0
    made: "OrderedDict[int, tuple[asyncio.Task[list[_Made]], int]]" = field(default_factory=OrderedDict)


class ChangeAnswers:
    """The groups of one process."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, _Group] = {}
        self._making = asyncio.Semaphore(MAKING_MAX)
        self._kept_bytes = 0
        self.batches_made = 0

    def __len__(self) -> int:
        """How many groups there are now."""
        return len(self._groups)

    async def follow(
        self,
        executor: Executor,
        subscribed: Subscribed,
        text: str,
        variables: Json,
        operation_name: str | None,
        make: Callable[[], Context],
    ) -> AsyncGenerator[Json, None]:
        """The answers of a subscription to the feed; close it when done. make: a context of whoever asks."""
        context = make()
        source = await _source(executor, subscribed, variables, operation_name, context)
        if isinstance(source, CoreResult):
            yield _failed(source.errors or [], context)
            return
        name = _name(subscribed, text, variables, operation_name, context.principal)
        group = self._entered(name, executor, subscribed, operation_name, context.principal)
        try:
            async with aclosing(cast("AsyncGenerator[ChangeBatch, None]", source)) as batches:
                held_s, was_caught_up = 0.0, False
                async for batch in batches:
                    if any(one.change.kind is ChangeKind.ERASED for one in batch.told):
                        self.forget()
                    made = await self._made(group, executor, batch.told, variables, make)
                    for message in _messages(group.delivery, batch, made):
                        began_s = time.monotonic()
                        yield message
                        held_s += time.monotonic() - began_s
                    if batch.caught_up:
                        held_s, was_caught_up = 0.0, True
                    elif was_caught_up and held_s > HELD_S:
                        yield _told_to_resume(group.delivery, batch.place(len(batch.told)))
                        return
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told, and masked, as any other
            nodes = subscribed.operation.selection_set.selections
            yield _failed([located_error(error, cast("Any", list(nodes)), [group.delivery.root])], context)
        finally:
            group.followers -= 1
            if not group.followers and self._groups.get(name) is group:
                del self._groups[name]
                making = {task for task, _ in group.made.values() if not task.done()}
                self._drop(group, list(group.made))
                await ended(making, LEAVE_S)

    def forget(self) -> None:
        """Keep nothing of what was made until now: somebody was erased."""
        for group in self._groups.values():
            self._drop(group, list(group.made))

    def _entered(
        self,
        name: Hashable,
        executor: Executor,
        subscribed: Subscribed,
        operation_name: str | None,
        principal: Principal,
    ) -> _Group:
        group = self._groups.get(name)
        if group is None:
            own = principal.asking is Asking.VISITOR
            delivery = taken_apart(executor.graphql, subscribed.document, operation_name, subscribed.switches, own=own)
            prepared = None if delivery.planned is None else executor.prepared(delivery.planned)
            group = self._groups[name] = _Group(delivery, prepared)
        group.followers += 1
        return group

    async def _made(
        self,
        group: _Group,
        executor: Executor,
        changes: Sequence[Sequenced],
        variables: Json,
        make: Callable[[], Context],
    ) -> list[_Made]:
        """The answers about these changes; those that nobody made yet are made together."""
        missing = [one for one in changes if one.seq not in group.made]
        if missing:
            work = self._make(group, executor, missing, variables, make)
            # In a context of its own, and a task of its own: whoever came first may leave before it is done.
            task = asyncio.create_task(work, context=contextvars.Context())
            for place, one in enumerate(missing):
                group.made[one.seq] = task, place
            task.add_done_callback(lambda done: self._keep(group, [one.seq for one in missing], done))
        places = [group.made[one.seq] for one in changes]
        for task in dict.fromkeys(task for task, _ in places):
            await asyncio.shield(task)
        return [task.result()[place] for task, place in places]

    def _keep(self, group: _Group, seqs: list[int], task: "asyncio.Task[list[_Made]]") -> None:
        size = 0 if task.cancelled() or task.exception() is not None else sum(one.size for one in task.result())
        if not size or self._kept_bytes + size > KEPT_BYTES_MAX:
            self._drop(group, seqs, task)
            return
        self._kept_bytes += size
        asyncio.get_running_loop().call_later(FRESH_S, self._let_go, group, seqs, task, size)

    def _let_go(self, group: _Group, seqs: list[int], task: "asyncio.Task[list[_Made]]", size: int) -> None:
        self._kept_bytes -= size
        self._drop(group, seqs, task)

    def _drop(self, group: _Group, seqs: list[int], task: "asyncio.Task[list[_Made]] | None" = None) -> None:
        for seq in seqs:
            if task is None or group.made.get(seq, (None, 0))[0] is task:
                group.made.pop(seq, None)

    async def _make(
        self,
        group: _Group,
        executor: Executor,
        changes: list[Sequenced],
        variables: Json,
        make: Callable[[], Context],
    ) -> list[_Made]:
        async with self._making:
            self.batches_made += 1
            for wait_s in (*RETRIES_S, None):
                made = await _answers(group, executor, changes, variables, make())
                if wait_s is None or not any(_is_away(error) for one in made for _, error in one.errors):
                    return made
                await asyncio.sleep(wait_s)
        raise AssertionError("the last try returns")


async def _source(
    executor: Executor, subscribed: Subscribed, variables: Json, operation_name: str | None, context: Context
) -> AsyncIterable[Any] | CoreResult:
    """The batches; what stands in the way of them as a result."""
    built = CoreExecutor.build(
        executor.graphql,
        subscribed.document,
        context_value=context,
        raw_variable_values=variables,
        operation_name=operation_name,
    )
    if isinstance(built, list):
        return CoreResult(None, errors=built)
    source: Any = create_source_event_stream(built)
    if built.is_awaitable(source):
        source = await source
    return cast("AsyncIterable[Any] | CoreResult", source)


def _name(
    subscribed: Subscribed, text: str, variables: Json, operation_name: str | None, principal: Principal
) -> Hashable:
    """What decides how a change is told apart from the graph."""
    below = {name: variables.get(name) for name in variables_below(subscribed.operation, subscribed.document)}
    # As text, since Python takes 1 and true for equal.
    values = orjson.dumps(below, option=orjson.OPT_SORT_KEYS)
    return text, operation_name, values, principal.asking, principal.scopes, principal.subject


async def _answers(
    group: _Group, executor: Executor, changes: list[Sequenced], variables: Json, context: Context
) -> list[_Made]:
    """Each change as an answer."""
    delivery = group.delivery
    batch = ChangeBatch(told=changes, place=lambda _: "", caught_up=True)
    ids = _ids(delivery, changes)
    given = variables | {ids_variable(number): list(found) for number, found in enumerate(ids)}
    none = ExecutionResult(data={}, errors=None)
    told, read = await asyncio.gather(
        executor.core(delivery.changes, variables, context, delivery.operation_name, batch),
        _nothing(none) if group.planned is None else executor.read(group.planned, given, context),
    )
    root = (told.data or {}).get(delivery.root)
    told_errors, read_errors = _by_place(told, 1), _by_place(read, 0)
    if root is None:
        failed: list[tuple[str | None, Json]] = [(None, _plain(error)) for error in told.errors or ()]
        return [_Made(None, failed, 1)] * len(changes)
    place_by_id = [{one: place for place, one in enumerate(found)} for found in ids]
    own = context.principal.asking is Asking.VISITOR
    return [
        _one(delivery, root, number, one, read.data or {}, (told_errors, read_errors), place_by_id, own=own)
        for number, one in enumerate(changes)
    ]


async def _nothing(result: ExecutionResult) -> ExecutionResult:
    return result


def _ids(delivery: Delivery, changes: Sequence[Sequenced]) -> list[dict[str, None]]:
    """What is asked for by each planned selection: ids, each once."""
    found: list[dict[str, None]] = [{} for _ in delivery.selections]
    for one in changes:
        for key in delivery.lists:
            for _, selection in delivery.shape[key, type_name_of(one.change)]:
                asked = None if selection is None else _id(delivery.selections[selection], one.change)
                if selection is not None and asked is not None:
                    found[selection][asked] = None
    return found


def _id(of: str, change: Change) -> str | None:
    """Whose id a planned field of a change asks for; None when an erasure took it out."""
    if of == CUSTOMER:
        return change.customer
    event = getattr(change, "event", None)
    return None if event is None else tagged(Tag.EVENT, event)


def _one(
    delivery: Delivery,
    root: Json,
    number: int,
    one: Sequenced,
    read: Json,
    errors: tuple[Mapping[Any, list[Json]], Mapping[Any, list[Json]]],
    place_by_id: list[dict[str, int]],
    *,
    own: bool,
) -> _Made:
    parts: dict[str, bytes] = {}
    found: list[tuple[str | None, Json]] = []
    of_change, of_planned = errors
    for key in delivery.lists:
        told = root[key][number]
        found += [(key, error) for error in of_change.get((key, number), ())]
        answer = {}
        for name, selection in delivery.shape[key, type_name_of(one.change)]:
            if selection is None:
                answer[name] = told[name]
                continue
            asked = _id(delivery.selections[selection], one.change)
            if asked is None:
                answer[name] = None
                continue
            place, among = place_by_id[selection][asked], read.get(root_of(selection))
            answer[name] = among if own else _behind(among[place] if among else None)
            for error in (
                *of_planned.get((root_of(selection), None), ()),
                *of_planned.get((root_of(selection), place), ()),
            ):
                found.append((key, error | {"path": [name, *(step for step in error["path"] if step != INTO)]}))
        try:
            parts[key] = to_bytes(answer)
        except AnswerTooLargeError as error:
            too_large = GraphQLError(str(error), extensions={"code": "ANSWER_TOO_LARGE"})
            return _Made(None, [(None, _plain(too_large))], 1)
    return _Made(parts, found, sum(map(len, parts.values())))


def _behind(found: Json | None) -> Json | None:
    """Whoever an id leads to: itself, or behind a merge."""
    return found[INTO] if found is not None and INTO in found else found


def _by_place(result: ExecutionResult, above: int) -> dict[Any, list[Json]]:
    """Errors by what they are about: (name, place in its list or None); the path from there stays.

    above: steps of the path to leave out before the name.
    """
    found: dict[Any, list[Json]] = {}
    for error in result.errors or ():
        path = list(error.path or [])[above:]
        place = path[1] if len(path) > 1 and isinstance(path[1], int) else None
        rest = path[1:] if place is None else path[2:]
        found.setdefault((path[0] if path else None, place), []).append(_plain(error) | {"path": rest})
    return found


def _plain(error: GraphQLError) -> Json:
    """The error without its place in a document that the caller does not have."""
    return {name: value for name, value in error.formatted.items() if name not in ("locations", "path")}


def _is_away(error: Json) -> bool:
    # Not TIMEOUT: what takes too long once does so again, and holds up what comes after it.
    return bool(error.get("extensions", {}).get("code") == "UNAVAILABLE")


def _messages(delivery: Delivery, batch: ChangeBatch, made: list[_Made]) -> list[Json]:
    """The answers about one batch: several when it is large, or when a change failed as a whole."""
    found: list[Json] = []
    start = 0
    while start < len(made) or not found:
        end, size = start, 0
        while end < len(made) and made[end].parts is not None and (end == start or size < MESSAGE_BYTES):
            size += made[end].size
            end += 1
        if end == start and made:
            # It stays what it is, however often it is asked for.
            found.append(
                {"data": None, "errors": [error | {"path": [delivery.root]} for _, error in made[start].errors]}
            )
            start += 1
            continue
        is_last = end == len(made)
        found.append(_message(delivery, batch, made[start:end], end, is_last=is_last))
        start = end
    return found


def _message(delivery: Delivery, batch: ChangeBatch, made: list[_Made], end: int, *, is_last: bool) -> Json:
    answer: Json = {}
    for key, name in delivery.batch:
        if name == LIST:
            answer[key] = [orjson.Fragment(one.parts[key]) for one in made if one.parts is not None]
        elif name == "cursor":
            answer[key] = batch.place(end)
        elif name == "caughtUp":
            answer[key] = batch.caught_up and is_last
        else:
            answer[key] = BATCH
    message: Json = {"data": {delivery.root: answer}}
    errors = [
        error | {"path": [delivery.root, key, place, *error["path"]]}
        for place, one in enumerate(made)
        for key, error in one.errors
    ]
    if errors:
        message["errors"] = errors
    return message


def _failed(errors: Sequence[GraphQLError], context: Context) -> Json:
    made = [shown(error, "BAD_USER_INPUT", context.request_id) for error in errors]
    return answer_of(ExecutionResult(data=None, errors=made)) | {"data": None}


def _told_to_resume(delivery: Delivery, cursor: str) -> Json:
    error = GraphQLError(
        f"Changes were taken more slowly than they came: subscribe again with `after`: {cursor}",
        extensions={"code": "RESUME_REQUIRED", "cursor": cursor},
    )
    return {"data": None, "errors": [_plain(error) | {"path": [delivery.root]}]}
