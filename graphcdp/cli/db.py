"""`graphcdp db`: the embedded database: start, stop, status."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from graphcdp import embedded
from graphcdp.cli.progress import DownloadBar
from graphcdp.settings import Settings

app = typer.Typer(help="The embedded database: start, stop, status.", no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the database; GRAPHCDP_DATA_DIR by default.")]
CacheDir = Annotated[
    Path | None, typer.Option(help="Folder of downloaded server files; GRAPHCDP_CACHE_DIR by default.")
]
NOT_RUNNING = 3


@app.command()
def start(
    data_dir: DataDir = None,
    cache_dir: CacheDir = None,
    heap: Annotated[
        str | None, typer.Option(help="Java heap, such as 512m or 2g; GRAPHCDP_HEAP_MAX by default.")
    ] = None,
) -> None:
    """Start the database and leave it running; the first time, its files are fetched.

    `graphcdp serve`, `import` and `demo` then use it and leave it running too.
    """
    settings = Settings.load(data_dir=data_dir, cache_dir=cache_dir, heap_max=heap)
    server = embedded.start(
        settings.data_dir,
        cache_dir=settings.cache_dir,
        heap_max=settings.heap_max,
        page_cache=settings.page_cache,
        keep=True,
        progress=DownloadBar(Console(stderr=True)),
    )
    runs = "runs" if server.started_here else "ran already"
    typer.echo(f"Neo4j {runs} at {server.connection.uri} (process {server.pid}), user {server.connection.user}.")
    typer.echo(f"Its password is in {server.credentials}.")
    if server.owner_pid is not None:
        typer.echo(f"It belongs to process {server.owner_pid} and stops with that one.")
    typer.echo(f'To look inside: env $(cat "{server.credentials}") cypher-shell -a {server.connection.uri}')


@app.command()
def stop(
    data_dir: DataDir = None,
    timeout: Annotated[float, typer.Option(min=1, help="How long it may take, in seconds; then it is killed.")] = 60,
) -> None:
    """Stop the database cleanly, whoever started it."""
    settings = Settings.load(data_dir=data_dir)
    stopped = embedded.stop(settings.data_dir, timeout)
    typer.echo("Neo4j is stopped." if stopped else f"No Neo4j runs on {settings.data_dir}.")


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Say whether the database runs. Exit code 0: it does; 3: it does not."""
    settings = Settings.load(data_dir=data_dir)
    running = embedded.status(settings.data_dir)
    if running is None:
        typer.echo(f"No Neo4j runs on {settings.data_dir}.")
        raise typer.Exit(NOT_RUNNING)
    typer.echo(f"Neo4j {running.neo4j} runs at {running.uri} (process {running.pid}).")
