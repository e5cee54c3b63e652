"""`graphcdp serve`: serve the API."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from graphcdp.app import open_platform, refuse_exposure
from graphcdp.app import serve as serve_platform
from graphcdp.cli.logs import configure_logs
from graphcdp.cli.loop import run_async
from graphcdp.cli.progress import DownloadBar
from graphcdp.settings import Settings


def _described() -> str:
    lines = [f"- `GRAPHCDP_{name.upper()}`: {field.description}" for name, field in Settings.model_fields.items()]
    return "\n".join(lines)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded database.")] = None,
) -> None:
    settings = Settings.load(host=host, port=port, data_dir=data_dir)
    configure_logs(settings)
    run_async(_serve(settings))


serve.__doc__ = f"""Serve the GraphQL API, and GraphiQL for a browser, until Ctrl-C.

Uses the Neo4j that GRAPHCDP_NEO4J_URI names; without it, starts the embedded
one, unless it runs already, and stops it at the end if it was started here.

Settings, in the environment or in `.env`:

{_described()}
"""


async def _serve(settings: Settings) -> None:
    console = Console(stderr=True)
    async with open_platform(settings, progress=DownloadBar(console)) as platform:
        await refuse_exposure(platform)
        console.print(f"GraphCDP serves GraphQL at [bold]http://{settings.host}:{settings.port}/graphql[/bold]")
        await serve_platform(platform)
