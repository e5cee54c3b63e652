"""`graphcdp webhooks`: create, list, enable, disable, rotate, delete, watch deliveries, replay, test."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from graphcdp.app import open_store
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.deliver.webhook import post_test
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.changes import ChangeKind
from graphcdp.model.errors import DeliveryError, InvalidReferenceError, UnknownReferenceError
from graphcdp.read.deliveries import (
    WEBHOOK,
    DeliveryRow,
    DeliveryStatus,
    DestinationRow,
    deliveries,
    delivery_counts,
    delivery_cursor,
    delivery_page,
    destinations,
    place_of,
    webhooks_by_ids,
)
from graphcdp.read.feed import number_of, standing
from graphcdp.read.pages import SIZE_MAX
from graphcdp.record.clock import utc_now
from graphcdp.record.webhooks import (
    WebhookEdits,
    create_webhook,
    delete_webhook,
    replay_dead,
    replay_from,
    rotate_secret,
    update_webhook,
)
from graphcdp.settings import Settings
from graphcdp.store import Store

app = typer.Typer(help="Webhooks: create, list, watch, replay, test.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]
Webhook = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id, whk_....")]
Kinds = Annotated[list[ChangeKind] | None, typer.Option("--kind", help="Only this kind of change; again for more.")]
Segments = Annotated[list[str] | None, typer.Option("--segment", help="Who enters and leaves it, by key; again.")]
Events = Annotated[list[str] | None, typer.Option("--event", help="Events of this name; again for more.")]
Traits = Annotated[list[str] | None, typer.Option("--trait", help="Changes of this trait; again for more.")]
Result = TypeVar("Result")


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where changes are posted, https://....")],
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    kind: Kinds = None,
    segment: Segments = None,
    event: Events = None,
    trait: Traits = None,
    after: Annotated[str, typer.Option(help="Begin here: now, start (the oldest change kept), or a cursor.")] = "now",
    disabled: Annotated[bool, typer.Option("--disabled", help="Do not deliver before it is enabled.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a webhook and print its secret on stdout: it is shown this once.

    A running `graphcdp serve` delivers. Without filters all changes are told.

    Examples:

    - `graphcdp webhooks create https://crm.example/hook --event "Order Completed"`

    - `graphcdp webhooks create https://mail.example/hook --segment weekly_shoppers`
    """
    wanted = ChangeFilter.of(kinds=kind, segments=segment, events=event, traits=trait)

    async def work(store: Store, settings: Settings) -> tuple[str, str]:
        return await create_webhook(
            store,
            url,
            wanted,
            utc_now(),
            reach=settings.webhook_reach,
            after=await place_in_feed(store, after),
            name=name,
            enabled=not disabled,
        )

    webhook_id, secret = _on_store(data_dir, work)
    typer.echo(f"{webhook_id} is made. This is its secret; it is not shown again:", err=True)
    typer.echo(secret)


@app.command(name="list")
def list_(data_dir: DataDir = None) -> None:
    """List all webhooks, and how far each has got."""

    async def work(store: Store, _: Settings) -> tuple[list[DestinationRow], list[int], list[int], int]:
        rows = await destinations(store, WEBHOOK)
        ids = [row.id for row in rows]
        pending = await delivery_counts(store, ids, DeliveryStatus.PENDING)
        dead = await delivery_counts(store, ids, DeliveryStatus.DEAD)
        return rows, pending, dead, (await standing(store)).newest

    rows, pending, dead, newest = _on_store(data_dir, work)
    if not rows:
        typer.echo("There are no webhooks; `graphcdp webhooks create` makes one.")
        return
    for row, waiting, given_up in zip(rows, pending, dead, strict=True):
        typer.echo(f"{row.id}  {row.name or ''}  {_state(row)}")
        typer.echo(f"  {row.url}  told: {_told(row)}")
        typer.echo(f"  behind {max(0, newest - row.cursor):,}, pending {waiting:,}, dead {given_up:,}")


@app.command()
def enable(webhook_id: Webhook, data_dir: DataDir = None) -> None:
    """Deliver again, from where it stopped."""
    _edit(data_dir, webhook_id, WebhookEdits(enabled=True))
    typer.echo(f"{webhook_id} is enabled.")


@app.command()
def disable(webhook_id: Webhook, data_dir: DataDir = None) -> None:
    """Deliver no more until it is enabled; nothing is lost while the feed keeps it."""
    _edit(data_dir, webhook_id, WebhookEdits(enabled=False))
    typer.echo(f"{webhook_id} is disabled.")


@app.command()
def rotate(webhook_id: Webhook, data_dir: DataDir = None) -> None:
    """Make a new secret and print it on stdout. For 24 hours deliveries are signed with the old one, too."""
    secret = _on_store(data_dir, lambda store, _: rotate_secret(store, webhook_id, utc_now()))
    typer.echo(f"{webhook_id} has a new secret; it is not shown again:", err=True)
    typer.echo(secret)


@app.command()
def delete(webhook_id: Webhook, data_dir: DataDir = None) -> None:
    """Delete a webhook for good, with its log of deliveries."""
    _on_store(data_dir, lambda store, _: delete_webhook(store, webhook_id))
    typer.echo(f"{webhook_id} is deleted.")


@app.command(name="deliveries")
def deliveries_(
    webhook_id: Webhook,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only these.")] = None,
    first: Annotated[int, typer.Option(min=1, max=SIZE_MAX, help="How many, from the newest change.")] = 20,
    data_dir: DataDir = None,
) -> None:
    """List what became of changes at a webhook, newest change first."""

    async def work(store: Store, _: Settings) -> list[DeliveryRow]:
        await _there(store, webhook_id)
        page = delivery_page(first=first, after=None, last=None, before=None)
        return list((await deliveries(store, webhook_id, page, status)).items)

    rows = _on_store(data_dir, work)
    if not rows:
        typer.echo("There are no such deliveries.")
        return
    for row in rows:
        typer.echo(f"{row.id}  {row.kind} {row.status}, tries: {row.attempts}{_last_try(row)}")
        if row.failure is not None:
            typer.echo(f"  {row.failure}" + (f"; again at {_time(row.next)}" if row.next else ""))


@app.command()
def replay(
    webhook_id: Webhook,
    after: Annotated[
        str | None, typer.Option(help="Deliver all changes again from here: start (the oldest kept) or a cursor.")
    ] = None,
    delivery: Annotated[list[str] | None, typer.Option(help="A dead letter, dlv_...; again for more.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Deliver again: dead letters, or everything from a cursor. The ids of deliveries stay what they were."""
    if sum((after is not None, bool(delivery), dead)) != 1:
        raise InvalidReferenceError("Say what to replay: --after, --delivery or --dead; one of the three.")

    async def work(store: Store, _: Settings) -> int | None:
        await _there(store, webhook_id)
        if after is not None:
            await replay_from(store, webhook_id, await place_in_feed(store, after), utc_now())
            return None
        if delivery:
            return len(await replay_dead(store, delivery, utc_now()))
        return await _replay_all_dead(store, webhook_id)

    count = _on_store(data_dir, work)
    typer.echo("All changes from there are delivered again." if count is None else f"Back in line: {count:,}.")


@app.command(name="test")
def post_a_test(webhook_id: Webhook, data_dir: DataDir = None) -> None:
    """Post a signed `webhook.test` once, and say what was answered.

    Exit codes: 0 it was taken; 1 it was not.
    """

    async def work(store: Store, settings: Settings) -> int:
        place = await place_of(store, webhook_id)
        if place is None:
            raise UnknownReferenceError(f"There is no webhook {webhook_id!r}.")
        return await post_test(*place, settings)

    try:
        status = _on_store(data_dir, work)
    except DeliveryError as error:
        raise DeliveryError(f"The test was not taken: {error}.") from error
    typer.echo(f"The test was taken: HTTP {status}.")


async def _replay_all_dead(store: Store, webhook_id: str) -> int:
    count, after = 0, None
    while True:
        page = delivery_page(first=SIZE_MAX, after=after, last=None, before=None)
        found = await deliveries(store, webhook_id, page, DeliveryStatus.DEAD)
        if not found.items:
            return count
        # Behind what was seen: one that fails again at once must not be met again.
        after = delivery_cursor(found.items[-1])
        count += len(await replay_dead(store, [row.id for row in found.items], utc_now()))


async def place_in_feed(store: Store, text: str) -> int:
    """The number that `now`, `start` or a cursor stands for. Raises BadCursorError."""
    if text == "now":
        return (await standing(store)).newest
    if text == "start":
        return (await standing(store)).dropped
    return number_of(text)


def _edit(data_dir: Path | None, webhook_id: str, edits: WebhookEdits) -> None:
    _on_store(
        data_dir,
        lambda store, settings: update_webhook(store, webhook_id, edits, utc_now(), reach=settings.webhook_reach),
    )


async def _there(store: Store, webhook_id: str) -> None:
    (found,) = await webhooks_by_ids(store, [webhook_id])
    if found is None:
        raise UnknownReferenceError(f"There is no webhook {webhook_id!r}; `graphcdp webhooks list` shows them.")


def _on_store(data_dir: Path | None, work: Callable[[Store, Settings], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        settings = Settings.load(data_dir=data_dir)
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            return await work(store, settings)

    return run_async(run())


def _told(row: DestinationRow) -> str:
    parts = [f"{name}: {', '.join(names)}" for name, names in row.filter.names().items() if names]
    return "; ".join(parts) or "all"


def _state(row: DestinationRow) -> str:
    if not row.enabled:
        return f"disabled: {row.reason}" if row.reason else "disabled"
    return f"failing since {_time(row.failing_since)}" if row.failing_since else "enabled"


def _last_try(row: DeliveryRow) -> str:
    if row.tried is None or row.duration is None:
        return ""
    code = "" if row.code is None else f", HTTP {row.code}"
    return f"{code} in {row.duration:g} ms at {_time(row.tried)}"


def _time(time: datetime | None) -> str:
    return "" if time is None else f"{time:%y-%m-%d %H:%M:%S}"
