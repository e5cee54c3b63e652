"""`graphcdp keys`: API keys, and tokens of visitors for tests."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graphcdp.api.tokens import AGE_MAX, sign_token
from graphcdp.app import open_store
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.model.errors import SettingsError
from graphcdp.model.principals import Scope
from graphcdp.read.keys import KeyRow, stored_keys
from graphcdp.record.clock import utc_now
from graphcdp.record.keys import create_key, revoke_key
from graphcdp.settings import Settings
from graphcdp.store import Store

app = typer.Typer(help="API keys: create, list, revoke; tokens of visitors for tests.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database; GRAPHCDP_DATA_DIR by default.")]
Result = TypeVar("Result")
MINUTES_MAX = int(AGE_MAX.total_seconds() // 60)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What it is for, such as `web shop`.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="What it may do; give it several times. write: record. read: everything but personal values. "
            "pii: personal values too. admin: read, write, edit identity, rules and segments, erase."
        ),
    ],
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it on stdout: it is shown this once, since only its hash is kept.

    With the first key the server is no longer open. A key with the scope `write` alone can stand
    in a page.

    Examples:

    - `graphcdp keys create --name "web pages" --scope write`

    - `graphcdp keys create --name dashboard --scope read --scope pii`
    """
    key_id, text = _on_store(data_dir, lambda store: create_key(store, name, scope, utc_now()))
    typer.echo(f"{key_id} may {', '.join(sorted(set(scope)))}. This is the key; it is not shown again:", err=True)
    typer.echo(text)


@app.command(name="list")
def list_(data_dir: DataDir = None) -> None:
    """List all keys, without their texts. The last use is kept to the minute."""
    rows = _on_store(data_dir, stored_keys)
    if not rows:
        typer.echo("No key is stored, so the server is open to this machine.")
        return
    table = Table(box=None)
    for title in ("Id", "Name", "Scopes", "Created", "Last used", "Revoked"):
        table.add_column(title, overflow="fold", no_wrap=title not in ("Name", "Scopes"))
    for row in rows:
        table.add_row(*_cells(row))
    Console().print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, key_....")], data_dir: DataDir = None
) -> None:
    """Revoke a key for good. Running servers take it no longer than GRAPHCDP_KEYS_FRESH_S."""
    name = _on_store(data_dir, lambda store: revoke_key(store, key_id, utc_now()))
    typer.echo(f"{key_id} ({name}) is revoked.")


@app.command()
def token(
    sub: Annotated[str, typer.Option(help="Who: an identifier such as `user:u1`, or a customer's id.")],
    minutes: Annotated[int, typer.Option(min=1, max=MINUTES_MAX, help="How long it is good.")] = 30,
) -> None:
    """Print a visitor's token, signed with GRAPHCDP_TOKEN_SECRET.

    It is what your own server would sign for a page; here it is for trying things out.
    """
    secret = Settings.load().token_secret
    if secret is None:
        raise SettingsError("GRAPHCDP_TOKEN_SECRET is not set; make one with `openssl rand -hex 32`.")
    typer.echo(sign_token(secret.get_secret_value(), sub, utc_now() + timedelta(minutes=minutes)))


def _on_store(data_dir: Path | None, work: Callable[[Store], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        settings = Settings.load(data_dir=data_dir)
        async with open_store(settings, progress=DownloadBar(Console(stderr=True))) as store:
            return await work(store)

    return run_async(run())


def _cells(row: KeyRow) -> list[str]:
    times = (row.created, row.last_used, row.revoked)
    return [row.id, escape(row.name), ", ".join(row.scopes), *map(_shown, times)]


def _shown(time: datetime | None) -> str:
    return "" if time is None else f"{time:%y-%m-%d %H:%M}"
