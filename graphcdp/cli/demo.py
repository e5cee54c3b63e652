"""`graphcdp demo`: real data, loaded and served."""

import asyncio
import socket
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.syntax import Syntax

from graphcdp.app import Platform, open_platform, refuse_exposure
from graphcdp.app import serve as serve_platform
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.demo import complete_journey, tour
from graphcdp.model.errors import DatabaseError, SettingsError
from graphcdp.model.messages import RawMessage
from graphcdp.record.load import LoadReport, as_rows, load_rows, unrecorded
from graphcdp.settings import Settings

EXIT_INTERRUPTED = 130


def demo(
    load_only: Annotated[
        bool, typer.Option("--load-only", help="Load, print one unified customer as GraphQL answers it, and end.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    """Load a year of real grocery shopping and serve it, until Ctrl-C.

    17,759 messages of 250 households, most of them anonymous at first, become 604
    customers. What is loaded already is not loaded again, so a second start is quick,
    and one that was stopped goes on. A database that holds other customers is refused.

    The data are the 84.51° Complete Journey grocery data; `graphcdp/demo/data` tells where
    they come from.
    """
    settings = Settings.load(host=host, port=port, data_dir=data_dir)
    configure_logs(settings)
    if not load_only:
        settings = settings.model_copy(update={"port": _usable_port(settings)})
    console = Console(stderr=True)
    serving = asyncio.Event()
    try:
        run_async(_demo(settings, console, serving, load_only=load_only))
    except KeyboardInterrupt:
        if serving.is_set():
            return  # Ctrl-C is how a server is meant to end
        console.print("Stopped. What was loaded is kept; the next start goes on from there.")
        raise typer.Exit(EXIT_INTERRUPTED) from None


async def _demo(settings: Settings, console: Console, serving: asyncio.Event, *, load_only: bool) -> None:
    # The data is read while the database starts.
    reading = asyncio.create_task(asyncio.to_thread(complete_journey.messages))
    async with open_platform(settings, progress=DownloadBar(console)) as platform:
        messages = await reading
        if not load_only:
            await refuse_exposure(platform)
        await _load(platform, messages, console)
        with console.status("Creating segments"):
            await _create_segments(platform)
        if load_only:
            await _print_one_customer(platform)
            return
        _print_tour(settings, console)
        serving.set()
        await serve_platform(platform)


async def _load(platform: Platform, messages: list[RawMessage], console: Console) -> None:
    with console.status("Looking what is loaded already"):
        missing = await unrecorded(platform.store, messages)
    before = await _customers_total(platform)
    if len(missing) == len(messages) and before:
        others = "1 customer that is" if before == 1 else f"{before:,} customers that are"
        raise SettingsError(
            f"This database holds {others} not the demo's; give the demo a folder of its own with --data-dir."
        )
    if missing:
        await _record(platform, missing, console)
    console.print(f"{len(messages):,} messages make [bold]{await _customers_total(platform):,}[/bold] customers.")


async def _record(platform: Platform, messages: list[RawMessage], console: Console) -> None:
    report = LoadReport()
    columns = (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
        task = bar.add_task("Recording messages", total=len(messages))
        await load_rows(
            platform.recorder,
            as_rows(messages),
            report=report,
            on_progress=lambda report: bar.update(task, completed=report.read),
            on_bad=lambda bad: bar.console.print(f"Message {bad.line} was rejected: {bad.reason}", markup=False),
        )


async def _create_segments(platform: Platform) -> None:
    for segment in tour.SEGMENTS:
        payload = (await _ask(platform, tour.CREATE_SEGMENT, {"input": segment}))["createSegment"]
        errors = [error for error in payload["errors"] if error["code"] != "CONFLICT"]  # there since an earlier start
        if errors:
            raise DatabaseError(f"The segment {segment['key']} could not be created: {errors[0]['message']}")


async def _customers_total(platform: Platform) -> int:
    data = await _ask(platform, tour.CUSTOMERS_TOTAL)
    total: int = data["customers"]["totalCount"]["value"]
    return total


async def _ask(platform: Platform, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await platform.execute(document, variables)
    if answer.get("errors"):
        raise DatabaseError(f"The demo's operation failed: {answer['errors'][0]['message']}")
    data: dict[str, Any] = answer["data"]
    return data


async def _print_one_customer(platform: Platform) -> None:
    operation = tour.operations()[0]
    answer = await platform.execute(operation.document)
    text = orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode()
    out = Console()
    if out.is_terminal:
        out.print(Syntax(operation.document, "graphql", background_color="default"))
        out.print(Syntax(text, "json", background_color="default", word_wrap=True))
    else:
        typer.echo(text)
    if answer.get("errors"):
        raise DatabaseError(f"The demo's operation failed: {answer['errors'][0]['message']}")


def _print_tour(settings: Settings, console: Console) -> None:
    console.print("\nThree operations worth trying:")
    for number, operation in enumerate(tour.operations(), start=1):
        console.print(f"\n[bold]{number}. {operation.shows}[/bold]\n", highlight=False)
        # Unwrapped and unpadded, so that it can be copied from a narrow terminal.
        console.print(operation.document, soft_wrap=True, markup=False, highlight=False)
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # compared, not bound
    console.print(
        f"\nOpen [bold]http://{host}:{settings.port}/graphql[/bold] in a browser and paste them. Ctrl-C stops.",
        soft_wrap=True,
    )


def _usable_port(settings: Settings) -> int:
    """The port to listen on, a free one for 0.

    Raises SettingsError when it is taken, rather than after a minute of loading.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(
                f"Port {settings.port} of {settings.host} cannot be used: {error.strerror}; give another with --port."
            ) from error
        port: int = probe.getsockname()[1]
    return port
