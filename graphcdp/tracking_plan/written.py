"""A plan as YAML -> a plan, or what is wrong with it, by line and path. Pure. Source: docs/sources.md, rules 5 to 8."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graphcdp.model.errors import PlanFileError
from graphcdp.model.messages import EVENT_NAME_LENGTH_MAX
from graphcdp.model.written import composed, line_of, twice
from graphcdp.tracking_plan.plan import Checked, Expected, OnUnknown, OnViolation, TrackingPlan
from graphcdp.tracking_plan.schemas import LEVELS_MAX, Fault, Path, Reading, Schema

SHOWN_MAX = 10
EVENTS_MAX = 2000


class WrittenEvent(BaseModel):
    """What a plan says of one event, or of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    violations: OnViolation | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    required: list[str] = Field(default_factory=list)
    additional_properties: bool | None = None
    traits: dict[str, Any] = Field(default_factory=dict)


class WrittenPlan(BaseModel):
    """A plan as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    violations: OnViolation = OnViolation.KEEP
    unknown_events: OnUnknown = OnUnknown.KEEP
    all_events: WrittenEvent = Field(default_factory=WrittenEvent)
    events: dict[str, WrittenEvent] = Field(default_factory=dict, max_length=EVENTS_MAX)
    traits: dict[str, Any] = Field(default_factory=dict)
    additional_traits: bool = True


def parse_plan(text: str, where: str) -> TrackingPlan:
    """The plan that YAML text states; where: what the text is called in errors.

    Raises PlanFileError, which tells up to ten things that are wrong, a line each.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PlanFileError(f"{where} is no YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise PlanFileError(f"{where}: the file must hold a mapping of events, traits, violations and unknown_events.")
    root = composed(text, where, PlanFileError)
    faults = [
        Fault(path, f"{path[-1]!r} stands there twice, the second time in line {line}") for path, line in twice(root)
    ]
    try:
        written = WrittenPlan.model_validate(_with_mappings(content))
    except ValidationError as error:
        faults += [_fault(detail) for detail in error.errors(include_url=False)]
        raise _refused(faults, root, where) from error
    reading = Reading(faults)
    plan = _plan(written, reading)
    if faults:
        raise _refused(faults, root, where)
    return plan


def _plan(written: WrittenPlan, reading: Reading) -> TrackingPlan:
    for name in written.events:
        if not name.strip() or name != name.strip() or len(name) > EVENT_NAME_LENGTH_MAX:
            reading.fail(("events", name[:50]), f"an event's name has 1 to {EVENT_NAME_LENGTH_MAX} characters, trimmed")
    all_events = written.all_events
    properties = _bag(all_events.properties, ("all_events", "properties"), reading)
    event_traits = _bag(all_events.traits, ("all_events", "traits"), reading)
    traits, needed = _bag(written.traits, ("traits",), reading)
    for name in needed:
        reading.fail(("traits", name, "required"), "a statement may tell some traits only: require them in an event")

    def expected(event: WrittenEvent, path: Path) -> Expected:
        others = all_events.additional_properties is not False
        return Expected(
            _checked(
                "properties",
                [
                    properties,
                    _bag(event.properties, (*path, "properties"), reading),
                    ({}, [*all_events.required, *event.required]),
                ],
                others if event.additional_properties is None else event.additional_properties,
            ),
            _checked(
                "traits",
                [(traits, []), event_traits, _bag(event.traits, (*path, "traits"), reading)],
                written.additional_traits,
            ),
            event.violations or all_events.violations or written.violations,
        )

    return TrackingPlan(
        events={name: expected(event, ("events", name)) for name, event in written.events.items()},
        others=expected(WrittenEvent(), ()),
        statements=Expected(None, _checked("traits", [(traits, [])], written.additional_traits), written.violations),
        unknown_events=written.unknown_events,
    )


def _bag(given: Mapping[str, Any], path: Path, reading: Reading) -> tuple[dict[str, Schema], list[str]]:
    """Schemas by name, and the names that are required; here a property says so itself."""
    needed: list[str] = []
    plain: dict[str, Any] = {}
    for name, one in given.items():
        plain[name] = one
        if isinstance(one, Mapping) and isinstance(one.get("required"), bool):
            plain[name] = {word: value for word, value in one.items() if word != "required"}
            if one["required"]:
                needed.append(name)
    return reading.schemas(plain, path, LEVELS_MAX), needed


def _checked(of: str, bags: list[tuple[dict[str, Schema], list[str]]], others: bool) -> Checked | None:
    """What an object must be like by all of these; of a name in several the last one counts."""
    properties: dict[str, Schema] = {}
    needed: dict[str, None] = {}
    for schemas, required in bags:
        properties.update(schemas)
        needed.update(dict.fromkeys(required))
    if not properties and not needed and others:
        return None
    schema: Schema = {"type": "object", "properties": properties, "required": list(needed)}
    if not others:
        schema["additionalProperties"] = False
    try:
        return Checked(of, schema)
    except ValueError:
        # A schema with faults, which are told.
        return None


def _with_mappings(content: dict[Any, Any]) -> dict[Any, Any]:
    """What stands there without a value, such as an event that is only named, is an empty mapping."""
    made = {key: {} if value is None and key in ("all_events", "events", "traits") else value
            for key, value in content.items()}  # fmt: skip
    events = made.get("events")
    if isinstance(events, dict):
        made["events"] = {name: {} if event is None else event for name, event in events.items()}
    return made


def _fault(detail: Any) -> Fault:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return Fault(path, "there is no such setting")
    if "[key]" in detail["loc"]:
        return Fault(path, f"{detail['input']!r} is no text: put the name in quotes")
    return Fault(path, str(detail["msg"]).removeprefix("Value error, ").replace("dictionary", "mapping"))


def _refused(faults: list[Fault], root: yaml.Node, where: str) -> PlanFileError:
    told = [
        f"{where}, line {line_of(root, fault.path)}: {'.'.join(map(str, fault.path))}: {fault.message}."
        for fault in faults[:SHOWN_MAX]
    ]
    if len(faults) > SHOWN_MAX:
        told.append(f"And {len(faults) - SHOWN_MAX} more.")
    return PlanFileError("\n".join(told))
