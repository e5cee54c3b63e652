"""An operation executed: one answer, or one for each event of a subscription; the same however it came."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graphcdp.api.answers import answer_of, failure_of
from graphcdp.api.change_answers import ChangeAnswers
from graphcdp.api.context import Context
from graphcdp.api.delivery import is_of_feed
from graphcdp.api.failures import TIMED_OUT
from graphcdp.api.operations import Operation
from graphcdp.api.refusals import RefusedError
from graphcdp.api.remembered import Remembered, name_of
from graphcdp.api.schema import executor, schema
from graphcdp.model.errors import OverloadedError
from graphcdp.model.principals import Principal
from graphcdp.record.recorder import Recorder
from graphcdp.settings import Settings
from graphcdp.store.neo4j import Store, read_timeout_s

GRACE_S = 1
"""A statement is ended at the operation's limit; so much later the operation is, whatever it does."""

_BY_POST = {"Allow": "POST"}


class Platform(Protocol):
    """What the application serves."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def store(self) -> Store:
        """The database."""

    @property
    def recorder(self) -> Recorder:
        """The one write path."""

    @property
    def remembered(self) -> Remembered | None:
        """Answers that need no reading; None when none are kept."""

    @property
    def change_answers(self) -> ChangeAnswers:
        """Those who follow the feed."""

    def context(self) -> Context:
        """A fresh context for one operation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation, with who asks for it. request_id: as in the log and in masked errors."""

    operation: Operation
    principal: Principal
    request_id: str


async def execute(asked: Asked, platform: Platform) -> dict[str, Any] | None:
    """The answer to a query or a mutation; None for a subscription, which has many.

    Raises RefusedError when the operation cannot have an answer.
    """
    operation = asked.operation
    remembered_as: Hashable | None = None
    if platform.remembered is not None:
        remembered_as = name_of(operation, asked.principal)
        data = None if remembered_as is None else platform.remembered.get(remembered_as)
        if data is not None:
            return {"data": orjson.Fragment(data)}
    context = _context(asked, platform)
    try:
        async with asyncio.timeout(platform.settings.query_timeout_s + GRACE_S):
            result = await executor.execute(
                operation.document,
                operation.variables,
                context,
                operation.name,
                reads_only=operation.reads_only,
                remembered_as=remembered_as,
            )
    except TimeoutError:
        return failure_of(TIMED_OUT, "TIMEOUT")
    except OverloadedError as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        raise RefusedError(429, str(error), "OVERLOADED", headers=headers) from None
    except MissingQueryError:
        raise RefusedError(400, "`query` is missing: send the GraphQL document there.") from None
    except InvalidOperationTypeError as error:
        if error.operation_type is OperationType.SUBSCRIPTION:
            return None
        raise RefusedError(405, "By GET only queries are answered: send this by POST.", headers=_BY_POST) from None
    except CannotGetOperationTypeError:
        raise RefusedError(400, "The document has no such operation: name one of it in `operationName`.") from None
    return answer_of(result)


async def follow(asked: Asked, platform: Platform) -> AsyncGenerator[dict[str, Any], None]:
    """The answers of a subscription as they come; close it when done.

    An answer without `data` says that it did not begin, and is the only one.
    """
    operation = asked.operation
    variables = operation.variables or {}
    subscribed = executor.subscription(operation.document, variables, operation.name)
    if subscribed is not None and is_of_feed(executor.graphql, subscribed.operation):
        delivered = platform.change_answers.follow(
            executor, subscribed, operation.document, variables, operation.name, lambda: _context(asked, platform)
        )
        async with aclosing(delivered):
            async for answer in delivered:
                yield answer
        return
    results = await schema.subscribe(
        operation.document,
        variable_values=operation.variables,
        context_value=_context(asked, platform),
        operation_name=operation.name,
    )
    async with aclosing(results):
        async for result in results:
            answer = answer_of(result)
            if not isinstance(result, PreExecutionError):
                # It began, whatever became of it.
                answer.setdefault("data", None)
            yield answer


async def answers(asked: Asked, platform: Platform) -> AsyncGenerator[dict[str, Any], None]:
    """The answers of any operation: one, or as `follow` has them. Raises as `execute` does."""
    only = await execute(asked, platform)
    if only is not None:
        yield only
        return
    async with aclosing(follow(asked, platform)) as found:
        async for answer in found:
            yield answer


def is_followed(operation: Operation) -> bool:
    """Is this a subscription that can begin, as far as its document and variables tell?"""
    return executor.subscription(operation.document, operation.variables or {}, operation.name) is not None


def _context(asked: Asked, platform: Platform) -> Context:
    context = platform.context()
    context.principal = asked.principal
    context.request_id = asked.request_id
    read_timeout_s.set(platform.settings.query_timeout_s)
    return context
