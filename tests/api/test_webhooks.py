"""docs/webhooks.md over real HTTP: made, changed, rotated, replayed and deleted by GraphQL."""

from tests.api.conftest import Caller, Json, event, record

FIELDS = """id name url kinds segments events traits enabled disabledReason failingSince cursor behind { value }
  pendingCount { value } deadCount { value } deliveries(first: 5) { nodes { id status } pageInfo { hasNextPage } }"""
ERRORS = "errors { __typename code message path }"
CREATE = f"""mutation Create($input: CreateWebhookInput!) {{
  createWebhook(input: $input) {{ secret webhook {{ {FIELDS} }} {ERRORS} }} }}"""
UPDATE = f"""mutation Update($input: UpdateWebhookInput!) {{
  updateWebhook(input: $input) {{ webhook {{ {FIELDS} }} {ERRORS} }} }}"""
URL = "https://crm.example/hook"


async def create(caller: Caller, **given: object) -> Json:
    found: Json = (await caller.ask(CREATE, input={"url": URL, **given}))["createWebhook"]
    return found


async def test_a_webhook_from_its_making_to_its_end(caller: Caller) -> None:
    await record(caller, event("m1", name="Paid"))
    made = await create(caller, name="crm", events=["Paid"], kinds=["EVENT"])
    assert made["errors"] == []
    assert made["secret"].startswith("whsec_")
    webhook = made["webhook"]
    assert webhook["id"].startswith("whk_")
    given = {name: webhook[name] for name in ("name", "url", "kinds", "segments", "events", "enabled", "behind")}
    assert given == {
        "name": "crm",
        "url": URL,
        "kinds": ["EVENT"],
        "segments": [],
        "events": ["Paid"],
        "enabled": True,
        "behind": {"value": 0},
    }
    await record(caller, event("m2", name="Paid"))

    changes = {"id": webhook["id"], "name": None, "filter": {"segments": ["vip"]}, "enabled": False}
    updated = (await caller.ask(UPDATE, input=changes))["updateWebhook"]["webhook"]
    assert (updated["name"], updated["kinds"], updated["events"], updated["segments"], updated["enabled"]) == (
        None,
        [],
        [],
        ["vip"],
        False,
    )
    assert updated["url"] == URL
    assert updated["behind"] == {"value": 1}

    which = {"id": webhook["id"]}
    replayed = await caller.ask(
        f"mutation R($w: ReplayWebhookInput!) {{ replayWebhook(input: $w) {{ webhook {{ {FIELDS} }} {ERRORS} }} }}",
        w=which,
    )
    assert replayed["replayWebhook"]["webhook"]["enabled"] is True
    assert replayed["replayWebhook"]["webhook"]["behind"]["value"] == 4
    rotated = await caller.ask(
        f"mutation R($w: WebhookInput!) {{ rotateWebhookSecret(input: $w) {{ secret {ERRORS} }} }}", w=which
    )
    assert rotated["rotateWebhookSecret"]["secret"] != made["secret"]
    listed = await caller.ask(f"{{ webhooks {{ {FIELDS} }} }}")
    assert [one["id"] for one in listed["webhooks"]] == [webhook["id"]]
    one = await caller.ask(
        "query W($id: ID!) { webhook(id: $id) { id deliveries(status: DEAD) { nodes { id } } } }", **which
    )
    assert one["webhook"] == {"id": webhook["id"], "deliveries": {"nodes": []}}
    gone = await caller.ask(
        f"mutation D($w: WebhookInput!) {{ deleteWebhook(input: $w) {{ deletedId {ERRORS} }} }}", w=which
    )
    assert gone["deleteWebhook"]["deletedId"] == webhook["id"]
    assert (await caller.ask("query W($id: ID!) { webhook(id: $id) { id } }", **which))["webhook"] is None


async def test_what_to_fix_is_said(caller: Caller) -> None:
    for given, path in (
        ({"url": "http://crm.example/"}, ["url"]),
        ({"url": "https://169.254.169.254/"}, ["url"]),
        ({"name": "x" * 101}, ["name"]),
        ({"events": ["x" * 201]}, ["events"]),
        ({"after": "nonsense"}, ["after"]),
    ):
        made = await create(caller, **given)
        assert (made["webhook"], made["secret"]) == (None, None)
        assert [(one["code"], one["path"]) for one in made["errors"]] == [("INVALID", path)], made
    unknown = (await caller.ask(UPDATE, input={"id": "whk_x", "enabled": True}))["updateWebhook"]
    assert [(one["code"], one["path"]) for one in unknown["errors"]] == [("NOT_FOUND", ["id"])]
    nothing = await caller.ask(
        f"mutation R($r: ReplayDeliveriesInput!) {{ replayDeliveries(input: $r) {{ replayedIds {ERRORS} }} }}",
        r={"ids": ["dlv_x_1"]},
    )
    assert nothing["replayDeliveries"] == {"replayedIds": [], "errors": []}


async def test_there_is_a_most(caller: Caller) -> None:
    for _ in range(100):
        await create(caller)
    (error,) = (await create(caller))["errors"]
    assert "100 webhooks, which is the most" in error["message"]
