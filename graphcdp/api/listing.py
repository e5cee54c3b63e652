"""Lists of customers, as callers ask for them."""

from dataclasses import dataclass
from enum import Enum

import strawberry

from graphcdp.api.access import check_search
from graphcdp.api.context import Context
from graphcdp.api.predicates import CustomerPredicate, condition_of
from graphcdp.api.references import keys_of_words
from graphcdp.model.errors import InvalidReferenceError
from graphcdp.model.statement import Statement
from graphcdp.read.lists import Order, Search, customer_page
from graphcdp.read.pages import Page
from graphcdp.read.search import text_query

SEARCH_LENGTH_MIN = 2
SEARCH_LENGTH_MAX = 200


@strawberry.enum(description="Order of customers. Ties are broken by id.")
class CustomerOrder(Enum):
    """As `graphcdp.read.lists.Order`."""

    RELEVANCE = strawberry.enum_value("RELEVANCE", description="Best match of the text search first.")
    LAST_SEEN = strawberry.enum_value("LAST_SEEN", description="Seen most recently first.")
    NEWEST = strawberry.enum_value("NEWEST", description="Newest customers first.")
    OLDEST = strawberry.enum_value("OLDEST", description="Oldest customers first.")


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of which customers, in which order."""

    order: Order
    page: Page
    search: Search | None
    condition: Statement | None


def listing(
    context: Context,
    search: str | None = None,
    where: CustomerPredicate | None = None,
    order: CustomerOrder | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Listing:
    """What these arguments of `customers` ask for.

    Raises InvalidReferenceError and BadPredicateError for those that cannot be
    used, NotAllowedError for what the principal may not ask.
    """
    wanted = _search(context, search)
    by = _order(order, wanted)
    if by is Order.RELEVANCE and last is not None:
        raise InvalidReferenceError("`last` does not go with a list by relevance; use `first`.", ("last",))
    page = customer_page(by, first=first, after=after, last=last, before=before)
    return Listing(by, page, wanted, None if where is None else condition_of(where, context.principal, context.now()))


def _search(context: Context, words: str | None) -> Search | None:
    if words is None:
        return None
    check_search(context.principal)
    text = words.strip()
    if not SEARCH_LENGTH_MIN <= len(text) <= SEARCH_LENGTH_MAX:
        raise InvalidReferenceError(
            f"`search` has {len(text)} characters; it takes {SEARCH_LENGTH_MIN}..{SEARCH_LENGTH_MAX}.",
            ("search",),
        )
    return Search(text_query(text), keys_of_words(text, context.recorder.rules))


def _order(given: CustomerOrder | None, search: Search | None) -> Order:
    if given is None:
        return Order.LAST_SEEN if search is None else Order.RELEVANCE
    if given is CustomerOrder.RELEVANCE and search is None:
        raise InvalidReferenceError("`order: RELEVANCE` needs `search`.", ("order",))
    return Order[given.name]
