"""The event loop that commands run on."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end, on the fastest loop that there is for this system; Ctrl-C cancels it."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop  # not made for all systems

    return uvloop.run(work)
