"""`graphcdp consume`: record what a stream brings."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from graphcdp.app import open_platform, settle_memory
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.settings import Settings
from graphcdp.streams.messages import Wire
from graphcdp.streams.options import ClientOptions, client_options, require_client

if TYPE_CHECKING:
    from graphcdp.streams.consumer import Wanted
    from graphcdp.streams.progress import ConsumeReport

app = typer.Typer(help="Record what a stream brings: kafka.", no_args_is_help=True)

EXIT_IN_PART = 2


@app.callback()
def _streams() -> None:
    """Record what a stream brings."""


@app.command()
def kafka(
    topics: Annotated[list[str], typer.Option("--topic", help="A topic to read; say it again for more.")],
    brokers: Annotated[
        str | None, typer.Option(help="host:port, several with commas; GRAPHCDP_KAFKA_BROKERS by default.")
    ] = None,
    group: Annotated[str, typer.Option(help="The consumer group, which shares the partitions.")] = "graphcdp",
    format_: Annotated[
        Wire, typer.Option("--format", help="Messages of GraphCDP, or what Segment's SDKs send.")
    ] = Wire.GRAPHCDP,
    dead_letters: Annotated[
        str | None, typer.Option(help="A topic that gets what was refused, too.", metavar="TOPIC")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Who sent the messages; unset: as they say, else the topic.")
    ] = None,
    batch_max: Annotated[int, typer.Option(min=1, max=10_000, help="Most records in one batch.")] = 1000,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop when all that stands in the topics now is recorded.")
    ] = False,
    progress_every: Annotated[float, typer.Option(min=0.1, help="Seconds between two lines of progress.")] = 10,
    config: Annotated[
        Path | None,
        typer.Option(help="File with options of the client; GRAPHCDP_KAFKA_CONFIG by default.", metavar="FILE"),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    """Record the messages of Kafka topics, until Ctrl-C or SIGTERM.

    Offsets are committed after the graph's commit, so that nothing is lost, and each message
    has an id, so that nothing is recorded twice. What cannot be recorded is kept with the
    reason (`graphcdp rejected list`). A database that is away is waited for. Start the command
    as often as there are partitions to share.

    Needs the extra `kafka`: pip install 'graphcdp[kafka]'. docs/streams.md tells all of it.

    Exit codes: 0 stopped, or at the end; 2 with --until-end, when some were refused; 1 Kafka or
    the database cannot be used.
    """
    require_client()
    settings = Settings.load(data_dir=data_dir, kafka_brokers=brokers, kafka_config=config)
    configure_logs(settings)
    options = client_options(settings.kafka_brokers, settings.kafka_config)
    from graphcdp.streams.consumer import Wanted

    wanted = Wanted(
        topics=tuple(dict.fromkeys(topics)),
        group=group,
        wire=format_,
        source=source,
        dead_letters=dead_letters,
        batch_max=batch_max,
        until_end=until_end,
        progress_s=progress_every,
        keeps_ip=settings.tracking_ip,
        stop_timeout_s=settings.stop_timeout_s,
    )
    report = run_async(_consume(settings, wanted, options))
    typer.echo(
        f"Records: {report.read:,}. Recorded: {report.recorded:,}. Known already: {report.duplicates:,}. "
        f"Refused: {report.refused:,}. Empty: {report.empty:,}."
    )
    if until_end and report.refused:
        raise typer.Exit(EXIT_IN_PART)


async def _consume(settings: Settings, wanted: "Wanted", options: ClientOptions) -> "ConsumeReport":
    from graphcdp.streams.consumer import consume

    stopping = asyncio.Event()
    async with open_platform(settings, progress=DownloadBar(Console(stderr=True))) as platform:
        settle_memory()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        return await consume(wanted, options, platform.recorder, stopping)
