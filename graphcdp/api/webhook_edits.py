"""Mutations that make, change, delete and replay webhooks. Source: docs/webhooks.md, rules 1 to 3 and 10."""

from typing import Annotated

import strawberry

from graphcdp.api.changes import ChangeKind
from graphcdp.api.context import Info
from graphcdp.api.errors import InvalidInputError, NotFoundError, UserError
from graphcdp.api.fields import ADMIN, own_field
from graphcdp.api.webhooks import Webhook, known_webhook
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.errors import InvalidReferenceError, UnknownReferenceError
from graphcdp.model.principals import Scope
from graphcdp.read.feed import number_of, standing
from graphcdp.record.webhooks import (
    WebhookEdits,
    create_webhook,
    delete_webhook,
    replay_dead,
    replay_from,
    rotate_secret,
    update_webhook,
)

ADMIN_PII = (Scope.ADMIN, Scope.PII)
"""Who says where personal values go must be allowed to see them."""

_KINDS = "Only these kinds; absent or empty for those that the other filters are about, or all. ERASED always comes."
_SEGMENTS = "Of ENTERED and EXITED only those of these segments, by key or id."
_EVENTS = "Of EVENT only those with these names."
_TRAITS = "Of TRAITS only those that change one of these, by top-level name."


@strawberry.input(description="A webhook to make.")
class CreateWebhookInput:
    """A webhook as the caller wrote it."""

    url: str = strawberry.field(description="Where changes are posted: https://..., at most 2000 characters.")
    name: str | None = strawberry.field(description="What it is for; at most 100 characters.", default=None)
    kinds: list[ChangeKind] | None = strawberry.field(description=_KINDS, default=None)
    segments: list[str] | None = strawberry.field(description=_SEGMENTS, default=None)
    events: list[str] | None = strawberry.field(description=_EVENTS, default=None)
    traits: list[str] | None = strawberry.field(description=_TRAITS, default=None)
    after: str | None = strawberry.field(
        description="Cursor of the feed to begin behind; when absent, only what changes from now on.", default=None
    )
    enabled: bool = strawberry.field(description="Whether to deliver at once.", default=True)


@strawberry.input(description="Changes to a webhook; filters are changed all together.")
class UpdateWebhookInput:
    """Changes as the caller wrote them."""

    id: strawberry.ID = strawberry.field(description="Which.")
    url: strawberry.Maybe[str] = strawberry.field(description="New URL.")
    name: strawberry.Maybe[str | None] = strawberry.field(description="New name; null removes it.")
    filter: strawberry.Maybe["WebhookFilterInput"] = strawberry.field(description="New filters, in whole.")
    enabled: strawberry.Maybe[bool] = strawberry.field(
        description="Deliver (true), from where it stopped, or do not (false)."
    )


@strawberry.input(description="Which changes are told.")
class WebhookFilterInput:
    """Filters as the caller wrote them."""

    kinds: list[ChangeKind] | None = strawberry.field(description=_KINDS, default=None)
    segments: list[str] | None = strawberry.field(description=_SEGMENTS, default=None)
    events: list[str] | None = strawberry.field(description=_EVENTS, default=None)
    traits: list[str] | None = strawberry.field(description=_TRAITS, default=None)


@strawberry.input(description="A webhook.")
class WebhookInput:
    """A webhook that the caller names."""

    id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.input(description="From where to deliver again.")
class ReplayWebhookInput:
    """A webhook and a place in the feed."""

    id: strawberry.ID = strawberry.field(description="Which.")
    after: str | None = strawberry.field(
        description="Cursor of the feed to begin behind; the oldest change kept when absent.", default=None
    )


@strawberry.input(description="Deliveries that were given up.")
class ReplayDeliveriesInput:
    """Deliveries that the caller names."""

    ids: list[strawberry.ID] = strawberry.field(description="1..1000 ids, dlv_....")


@strawberry.type(description="The webhook after the mutation.")
class WebhookPayload:
    """A webhook, or what to fix."""

    errors: list[UserError] = strawberry.field(description="What to fix.")
    webhook: Webhook | None = strawberry.field(description="The webhook; null on errors.", default=None)


@strawberry.type(description="The webhook with its new secret.")
class WebhookSecretPayload:
    """A webhook and a secret, or what to fix."""

    errors: list[UserError] = strawberry.field(description="What to fix.")
    webhook: Webhook | None = strawberry.field(description="The webhook; null on errors.", default=None)
    secret: str | None = strawberry.field(
        description="What deliveries are signed with, whsec_...; it is told this once. Null on errors.", default=None
    )


@strawberry.type(description="The id that is gone.")
class DeleteWebhookPayload:
    """An id, or what to fix."""

    errors: list[UserError] = strawberry.field(description="What to fix.")
    deleted_id: strawberry.ID | None = strawberry.field(
        description="The deleted webhook's id; null on errors.", default=None
    )


@strawberry.type(description="The deliveries that are tried again.")
class ReplayDeliveriesPayload:
    """Ids, or what to fix."""

    errors: list[UserError] = strawberry.field(description="What to fix.")
    replayed_ids: list[strawberry.ID] = strawberry.field(
        description="Those that had been given up and are back in line.", default_factory=list
    )


TheWebhook = Annotated[CreateWebhookInput, strawberry.argument(description="The webhook.")]
TheChanges = Annotated[UpdateWebhookInput, strawberry.argument(description="The changes.")]
Which = Annotated[WebhookInput, strawberry.argument(description="Which.")]
From = Annotated[ReplayWebhookInput, strawberry.argument(description="From where.")]
Those = Annotated[ReplayDeliveriesInput, strawberry.argument(description="Which.")]


@strawberry.type
class WebhookMutations:
    """Mutations on webhooks."""

    @own_field("Makes a webhook. What changes hold is posted to it, personal values too.", scopes=ADMIN_PII)
    async def create_webhook(
        self,
        info: Info,
        # The name is GraphQL's, where it hides nothing.
        input: TheWebhook,  # noqa: A002
    ) -> WebhookSecretPayload | None:
        context = info.context
        try:
            after = (await standing(context.store)).newest if input.after is None else number_of(input.after)
            webhook_id, secret = await create_webhook(
                context.store,
                input.url,
                _filter(input),
                context.now(),
                reach=context.settings.webhook_reach,
                after=after,
                name=input.name,
                enabled=input.enabled,
            )
        except InvalidReferenceError as error:
            return WebhookSecretPayload(errors=[_user_error(error)])
        return WebhookSecretPayload(errors=[], webhook=await _anew(info, webhook_id), secret=secret)

    @own_field("Changes a webhook; fields that are absent stay.", scopes=ADMIN_PII)
    async def update_webhook(
        self,
        info: Info,
        input: TheChanges,  # noqa: A002  # as above
    ) -> WebhookPayload | None:
        context = info.context
        try:
            edits = WebhookEdits(
                url=None if input.url is None else input.url.value,
                name=None if input.name is None else input.name.value or "",
                filter=None if input.filter is None else _filter(input.filter.value),
                enabled=None if input.enabled is None else input.enabled.value,
            )
            reach = context.settings.webhook_reach
            await update_webhook(context.store, input.id, edits, context.now(), reach=reach)
        except InvalidReferenceError as error:
            return WebhookPayload(errors=[_user_error(error)])
        return WebhookPayload(errors=[], webhook=await _anew(info, input.id))

    @own_field("Deletes a webhook, with its log of deliveries.", scopes=ADMIN)
    async def delete_webhook(
        self,
        info: Info,
        input: Which,  # noqa: A002  # as above
    ) -> DeleteWebhookPayload | None:
        try:
            await delete_webhook(info.context.store, input.id)
        except InvalidReferenceError as error:
            return DeleteWebhookPayload(errors=[_user_error(error)])
        info.context.forget()
        return DeleteWebhookPayload(errors=[], deleted_id=input.id)

    @own_field(
        "Makes a new secret for a webhook. For 24 hours deliveries are signed with the old one, too.", scopes=ADMIN
    )
    async def rotate_webhook_secret(
        self,
        info: Info,
        input: Which,  # noqa: A002  # as above
    ) -> WebhookSecretPayload | None:
        try:
            secret = await rotate_secret(info.context.store, input.id, info.context.now())
        except InvalidReferenceError as error:
            return WebhookSecretPayload(errors=[_user_error(error)])
        return WebhookSecretPayload(errors=[], webhook=await _anew(info, input.id), secret=secret)

    @own_field(
        "Delivers all changes from a cursor, once more those that were delivered, with the ids that they had; enables "
        "the webhook.",
        scopes=ADMIN,
    )
    async def replay_webhook(
        self,
        info: Info,
        input: From,  # noqa: A002  # as above
    ) -> WebhookPayload | None:
        context = info.context
        try:
            after = (await standing(context.store)).dropped if input.after is None else number_of(input.after)
            # Configured destinations are none of theirs.
            await known_webhook(info, input.id)
            await replay_from(context.store, input.id, after, context.now())
        except InvalidReferenceError as error:
            return WebhookPayload(errors=[_user_error(error)])
        return WebhookPayload(errors=[], webhook=await _anew(info, input.id))

    @own_field("Tries deliveries again that were given up. Others that are named stay as they are.", scopes=ADMIN)
    async def replay_deliveries(
        self,
        info: Info,
        input: Those,  # noqa: A002  # as above
    ) -> ReplayDeliveriesPayload | None:
        try:
            replayed = await replay_dead(info.context.store, [str(one) for one in input.ids], info.context.now())
        except InvalidReferenceError as error:
            return ReplayDeliveriesPayload(errors=[_user_error(error)])
        info.context.forget()
        return ReplayDeliveriesPayload(errors=[], replayed_ids=[strawberry.ID(one) for one in replayed])


def _filter(given: CreateWebhookInput | WebhookFilterInput) -> ChangeFilter:
    kinds = [kind.name for kind in given.kinds or ()]
    return ChangeFilter.of(kinds=kinds, segments=given.segments, events=given.events, traits=given.traits)


async def _anew(info: Info, webhook_id: str) -> Webhook:
    info.context.forget()
    return await known_webhook(info, webhook_id)


def _user_error(error: InvalidReferenceError) -> UserError:
    path = list(error.path) or None
    if isinstance(error, UnknownReferenceError):
        return NotFoundError(message=str(error), path=path)
    return InvalidInputError(message=str(error), path=path)
