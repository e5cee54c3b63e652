"""What contexts say about a device."""

from typing import Any

import orjson
import pytest

from graphcdp.model.devices import device_told


@pytest.mark.parametrize(
    ("context", "platform", "attributes"),
    [
        ({}, None, {}),
        ({"ip": "1.2.3.4"}, None, {}),
        (
            {
                "device": {"id": "d", "type": "ios", "model": "iPhone15,3", "manufacturer": "Apple", "name": "Ann's"},
                "os": {"name": "iOS", "version": "17.1"},
                "app": {"name": "Shop", "version": 4.2},
                "userAgent": "x",
            },
            "IOS",
            {
                "model": "iPhone15,3",
                "manufacturer": "Apple",
                "type": "ios",
                "os": "iOS",
                "osVersion": "17.1",
                "app": "Shop",
                "appVersion": "4.2",
            },
        ),
        ({"page": {"url": "/"}, "os": {"name": "Android"}}, "WEB", {"os": "Android"}),
        ({"userAgent": "Mozilla/5.0"}, "WEB", {}),
        ({"os": {"name": "Android"}, "userAgent": "okhttp"}, "ANDROID", {"os": "Android"}),
        ({"platform": "Android TV"}, "TV", {}),
        ({"platform": "server", "page": {"url": "/"}}, "SERVER", {}),
        ({"device": "Pixel 8", "os": " "}, None, {"model": "Pixel 8"}),
        ({"os": {"name": "macOS"}}, "OTHER", {"os": "macOS"}),
        ({"device": ["odd"], "os": {"name": {"x": 1}, "version": True}, "platform": 7}, None, {}),
    ],
)
def test_what_a_context_says(context: dict[str, Any], platform: str | None, attributes: dict[str, str]) -> None:
    told = device_told([orjson.dumps(context).decode()])
    assert (told.platform, dict(told.attributes)) == (platform, attributes)


def test_the_latest_that_says_something_is_taken_whole() -> None:
    contexts = ['{"ip": "1"}', "[]", '{"os": "iOS"}', '{"os": "Android", "app": "Shop"}']
    told = device_told(contexts)
    assert (told.platform, dict(told.attributes)) == ("IOS", {"os": "iOS"})
    assert device_told([]).platform is None
