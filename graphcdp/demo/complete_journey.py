"""The 84.51° Complete Journey grocery data as messages, in the order of time.

A basket becomes `Order Completed`, a mailing `Campaign Sent`, a redeemed coupon
`Coupon Redeemed`, demographics an identify. The last three name the user
`hh-<household_id>`. The data has no anonymous visits, so devices are laid over
it: each (household, store) pair is one. A device's baskets are anonymous until
its third, or until the household's first redemption if that comes earlier;
from then on they name the user too. `data/complete-journey/README.md` tells
where the files come from and what is odd in them.
"""

import csv
import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from graphcdp.model.identifiers import DEVICE, USER
from graphcdp.model.messages import MessageType, RawMessage

FOLDER = Path(__file__).parent / "data" / "complete-journey"
SOURCE = "complete-journey"

CLAIMING_BASKET = 3  # the basket of a device with which it is claimed at the latest
DEMOGRAPHICS_AT = datetime(2017, 1, 1, tzinfo=UTC)
"""Demographics have no date; this is the first day of the data."""

MESSAGES = 17_759
CUSTOMERS = 604
DEVICES = 977
DEVICES_CLAIMED = 612
HOUSEHOLDS = 239
"""What the files make: 239 households and 365 devices that nobody ever claimed are 604 customers."""


@dataclass(slots=True)
class _Basket:
    id: str
    household: str
    store: str
    at: datetime
    lines: list[list[str]] = field(default_factory=list)  # product id, quantity, sales value, three discounts


def messages(folder: Path = FOLDER) -> list[RawMessage]:
    """All messages of the data in a folder, by time; those of one moment by kind and id. About a second of work.

    Ids are made of the data's own, so that they are the same each time.
    """
    redemptions = list(_rows(folder / "coupon_redemptions.csv.gz"))
    first_redemption: dict[str, datetime] = {}
    for row in redemptions:
        at = _time(row["redemption_date"])
        household = row["household_id"]
        first_redemption[household] = min(at, first_redemption.get(household, at))
    baskets = _baskets(folder / "transactions.csv.gz")
    made = [
        *_identifies(_rows(folder / "demographics.csv.gz")),
        *_mailings(_rows(folder / "campaigns.csv.gz"), _rows(folder / "campaign_descriptions.csv.gz")),
        *_redemptions(redemptions),
        *_orders(baskets, _products(folder / "products.csv.gz"), first_redemption),
    ]
    made.sort(key=lambda message: message["at"])  # stable: what is known before what is done, at one moment
    return made


def device_id(household_id: str, store_id: str) -> str:
    """The opaque id of the device that a household uses in a store; always the same."""
    return hashlib.sha256(f"complete-journey device {household_id} {store_id}".encode()).hexdigest()[:20]


def user_id(household_id: str) -> str:
    """The id of a household as a user."""
    return f"hh-{household_id}"


def _identifies(rows: Iterable[dict[str, str]]) -> Iterator[RawMessage]:
    for row in rows:
        household = row.pop("household_id")
        yield {
            "type": MessageType.IDENTIFY,
            "id": f"cj-identify-{household}",
            "at": DEMOGRAPHICS_AT,
            "identifiers": [(USER, user_id(household))],
            "traits": {name: value for name, value in row.items() if value},
            "source": SOURCE,
        }


def _mailings(campaigns: Iterable[dict[str, str]], descriptions: Iterable[dict[str, str]]) -> Iterator[RawMessage]:
    described = {row["campaign_id"]: row for row in descriptions}
    for row in campaigns:
        campaign = described[row["campaign_id"]]
        yield _by_user(
            f"cj-campaign-{row['campaign_id']}-{row['household_id']}",
            "Campaign Sent",
            row["household_id"],
            _time(campaign["start_date"]),
            {
                "campaign_id": row["campaign_id"],
                "campaign_type": campaign["campaign_type"],
                "ends_on": campaign["end_date"],
            },
        )


def _redemptions(rows: Iterable[dict[str, str]]) -> Iterator[RawMessage]:
    for row in rows:
        household, coupon, day = row["household_id"], row["coupon_upc"], row["redemption_date"]
        yield _by_user(
            f"cj-redemption-{household}-{coupon}-{row['campaign_id']}-{day}",
            "Coupon Redeemed",
            household,
            _time(day),
            {"coupon_upc": coupon, "campaign_id": row["campaign_id"]},
        )


def _by_user(id_: str, name: str, household: str, at: datetime, properties: dict[str, str]) -> RawMessage:
    return {
        "type": MessageType.TRACK,
        "id": id_,
        "name": name,
        "at": at,
        "identifiers": [(USER, user_id(household))],
        "properties": properties,
        "source": SOURCE,
    }


def _orders(
    baskets: Iterable[_Basket], products: dict[str, tuple[str, str, str]], first_redemption: dict[str, datetime]
) -> Iterator[RawMessage]:
    basket_count: Counter[tuple[str, str]] = Counter()
    for basket in sorted(baskets, key=lambda basket: (basket.at, int(basket.id))):
        device = (basket.household, basket.store)
        basket_count[device] += 1
        redeemed = first_redemption.get(basket.household)
        claimed = basket_count[device] >= CLAIMING_BASKET or (redeemed is not None and basket.at >= redeemed)
        identifiers = [(DEVICE, device_id(*device))]
        if claimed:
            identifiers.append((USER, user_id(basket.household)))
        yield {
            "type": MessageType.TRACK,
            "id": f"cj-basket-{basket.id}",
            "name": "Order Completed",
            "at": basket.at,
            "identifiers": identifiers,
            "properties": _order(basket, products),
            "source": SOURCE,
        }


def _order(basket: _Basket, products: dict[str, tuple[str, str, str]]) -> dict[str, object]:
    """Properties of an order; money in dollars.

    Each product has four keys, no more: the largest basket has 111 lines, and
    the keys of all levels together are limited to 500. So departments and
    categories are lists of the whole order, which rules can ask for directly.
    """
    departments, categories, lines = set(), set(), []
    total = discount = coupons = 0.0
    for product, quantity, sales_value, retail_disc, coupon_disc, coupon_match_disc in basket.lines:
        line: dict[str, object] = {"product_id": product, "quantity": int(float(quantity)), "total": float(sales_value)}
        known = products.get(product)
        if known is not None:
            department, category, name = known
            line["name"] = name
            departments.add(department)
            categories.add(category)
        lines.append(line)
        total += float(sales_value)
        discount += float(retail_disc)
        coupons += float(coupon_disc) + float(coupon_match_disc)
    return {
        "order_id": basket.id,
        "store_id": basket.store,
        "total": round(total, 2),
        "discount": round(discount, 2),
        "coupons": round(coupons, 2),
        "departments": sorted(departments - {""}),
        "categories": sorted(categories - {""}),
        "products": lines,
    }


def _baskets(path: Path) -> list[_Basket]:
    """The baskets with their lines, in the order of the file."""
    by_id: dict[str, _Basket] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        picked = [
            header.index(name)
            for name in ("product_id", "quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
        ]
        household, store, basket, at = (
            header.index(name) for name in ("household_id", "store_id", "basket_id", "transaction_timestamp")
        )
        for row in reader:
            found = by_id.get(row[basket])
            if found is None:
                found = by_id[row[basket]] = _Basket(row[basket], row[household], row[store], _time(row[at]))
            found.lines.append([row[place] for place in picked])
    return list(by_id.values())


def _products(path: Path) -> dict[str, tuple[str, str, str]]:
    """Department, category and type by product id."""
    return {row["product_id"]: (row["department"], row["product_category"], row["product_type"]) for row in _rows(path)}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _time(text: str) -> datetime:
    """A date or a time without a zone, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
