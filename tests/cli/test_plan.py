"""`graphcdp plan check`, and a plan at the start, as they are called."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graphcdp.app import open_platform
from graphcdp.cli.main import app
from graphcdp.model.errors import PlanFileError, SettingsError
from graphcdp.settings import Settings
from tests.tracking_plan.test_tracking_plan import EXAMPLE

BAD = "events:\n  A:\n    properties:\n      n: {typ: number}\n      m: {type: text}\n"


async def check(path: Path) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["plan", "check", str(path)])


async def test_rule_10_a_sound_plan_and_one_that_is_not(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(EXAMPLE)
    bad.write_text(BAD)
    found = await check(good)
    assert found.exit_code == 0
    assert "is sound" in found.stdout
    assert "Order Completed, Page Viewed" in found.stdout
    refused = (await check(bad)).exception
    assert isinstance(refused, PlanFileError)
    assert [line.split(": ")[0] for line in str(refused).splitlines()] == [f"{bad}, line 4", f"{bad}, line 5"]


async def test_rule_5_a_plan_that_is_not_sound_stops_the_start(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(BAD)
    with pytest.raises(SettingsError, match=r"^GRAPHCDP_TRACKING_PLAN: .*line 4.*plan check") as caught:
        async with open_platform(Settings(tracking_plan=bad, data_dir=tmp_path / "data")):
            pass
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "data").exists(), "before any database is started"
