"""`graphcdp tail`: the feed in a terminal."""

import contextlib
import os
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from graphcdp.app import feed_of, open_store
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.cli.webhooks import Events, Kinds, Segments, Traits, place_in_feed
from graphcdp.deliver.shape import JsonObject, public_change
from graphcdp.model.change_filter import ChangeFilter
from graphcdp.model.changes import ChangeKind, Merged, Sequenced, Split
from graphcdp.model.errors import GraphCDPError, UnknownReferenceError
from graphcdp.read.customers import holders
from graphcdp.read.feed import feed_cursor, ids_of_customer, standing
from graphcdp.settings import Settings
from graphcdp.store import Store

_STYLE_BY_KIND = {
    ChangeKind.CREATED: "green",
    ChangeKind.IDENTIFIER: "cyan",
    ChangeKind.MERGED: "magenta",
    ChangeKind.SPLIT: "magenta",
    ChangeKind.TRAITS: "yellow",
    ChangeKind.EVENT: "blue",
    ChangeKind.ENTERED: "bold green",
    ChangeKind.EXITED: "bold red",
    ChangeKind.CONSENT: "white",
    ChangeKind.ERASED: "red",
}
_DETAIL_LENGTH_MAX = 500


@dataclass(slots=True)
class _Place:
    """How far was shown; None before anything was read."""

    seq: int | None = None


def tail(
    kind: Kinds = None,
    customer: Annotated[
        str | None,
        typer.Option(help="Only this customer: an id, or an identifier such as user:u1. Followed through merges."),
    ] = None,
    event: Events = None,
    segment: Segments = None,
    trait: Traits = None,
    after: Annotated[str, typer.Option(help="Begin here: now, start (the oldest change kept), or a cursor.")] = "now",
    state: Annotated[
        Path | None,
        typer.Option(help="File that keeps how far was shown; when it is there, go on from it.", metavar="FILE"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="End at the change that is the newest now.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    """Show what becomes of customers, as it happens, until Ctrl-C; then print the cursor to go on from.

    The JSON is that of webhooks: docs/webhooks.md, rules 20 to 24. Personal values are shown.

    Examples:

    - `graphcdp tail --event "Order Completed" --segment weekly_shoppers`

    - `graphcdp tail --json --state orders.cursor --after start --event "Order Completed" >> orders.jsonl`
    """
    wanted = ChangeFilter.of(kinds=kind, segments=segment, events=event, traits=trait)
    show = _as_json if json else _for_people(Console(highlight=False))
    place = _Place()
    try:
        run_async(_tail(Settings.load(data_dir=data_dir), wanted, customer, after, state, show, place, until_end))
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Whoever read has had enough, as `head` does; nothing more can be written there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if place.seq is not None:
        typer.echo(f"To go on from here: --after {feed_cursor(place.seq)}", err=True)


async def _tail(
    settings: Settings,
    wanted: ChangeFilter,
    customer: str | None,
    after: str,
    state: Path | None,
    show: Callable[[JsonObject], None],
    place: _Place,
    until_end: bool,
) -> None:
    async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
        place.seq = await place_in_feed(store, _kept(state) or after)
        if customer is not None:
            wanted = replace(wanted, customers=await _ids(store, customer))
        end = (await standing(store)).newest if until_end else None
        if end is not None and place.seq >= end:
            return
        async with aclosing(feed_of(store).follow(place.seq)) as feed:
            async for batch in feed:
                for told in batch:
                    if wanted.passes(told.change):
                        show(public_change(told))
                    wanted = _followed(wanted, told)
                    place.seq = told.seq
                    if told.seq == end:
                        break
                _keep(state, place.seq)
                if end is not None and place.seq >= end:
                    return


async def _ids(store: Store, text: str) -> frozenset[str]:
    """All ids under which the customer is told of."""
    found: str | None = text
    if not text.startswith("cus_"):
        (found,) = await holders(store, [text])
    ids = () if found is None else await ids_of_customer(store, found)
    if not ids:
        raise UnknownReferenceError(f"No customer is known as {text!r}; name an id, or an identifier such as user:u1.")
    return frozenset(ids)


def _followed(wanted: ChangeFilter, told: Sequenced) -> ChangeFilter:
    """With the ids of who comes out of what was told, when a customer is followed."""
    match told.change:
        case Merged(customer=survivor, absorbed=absorbed) if absorbed in wanted.customers:
            return replace(wanted, customers=wanted.customers | {survivor})
        case Split(customer=split, parts=parts) if split in wanted.customers:
            return replace(wanted, customers=wanted.customers | {part.customer for part in parts})
    return wanted


def _kept(state: Path | None) -> str | None:
    if state is None:
        return None
    try:
        return state.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise GraphCDPError(f"{state} cannot be read.") from error


def _keep(state: Path | None, seq: int) -> None:
    """In one step, so that half a cursor never stays."""
    if state is None:
        return
    beside = state.with_name(f"{state.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(feed_cursor(seq) + "\n", encoding="utf-8")
        beside.replace(state)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise GraphCDPError(f"{state} cannot be written: {error.strerror}.") from error


def _as_json(told: JsonObject) -> None:
    typer.echo(orjson.dumps(told).decode())


def _for_people(console: Console) -> Callable[[JsonObject], None]:
    def show(told: JsonObject) -> None:
        data = told["data"]
        kind = ChangeKind(data["kind"])
        line = Text(f"{told['timestamp'][:19].replace('T', ' ')} ", style="dim")
        line.append(f"{kind.value:<10} ", style=_STYLE_BY_KIND[kind])
        line.append(f"{data['customerId']} ", style="dim")
        line.append(_details(data)[:_DETAIL_LENGTH_MAX])
        console.print(line, soft_wrap=True)

    return show


def _details(data: JsonObject) -> str:
    if data.get("redacted"):
        return "(erased)"
    match ChangeKind(data["kind"]):
        case ChangeKind.IDENTIFIER:
            return ("-" if data["removed"] else "+") + _identifier(data["identifier"])
        case ChangeKind.MERGED:
            return f"has {data['absorbedId']}"
        case ChangeKind.SPLIT:
            return f"{data['cause']} into " + ", ".join(part["customerId"] for part in data["parts"])
        case ChangeKind.TRAITS:
            return ", ".join(
                f"{one['name']}: {_json(one['before'])} -> {_json(one['after'])}" for one in data["traits"]
            )
        case ChangeKind.EVENT:
            return f"{data['event']['name']} by {_identifier(data['identifier'])} ({data['event']['id']})"
        case ChangeKind.ENTERED | ChangeKind.EXITED:
            return str(data["segment"]["key"])
        case ChangeKind.CONSENT:
            return f"{data['purpose']} {'granted' if data['granted'] else 'refused'}"
    return ""


def _identifier(found: JsonObject | None) -> str:
    return "?" if found is None else f"{found['kind']}:{found['value']}"


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
