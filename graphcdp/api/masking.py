"""How planned fields are read for whoever asks: as they stand, masked, or not at all. Source: docs/access.md.

What `access.guard` puts in force for resolvers, for statements: a value that is
masked is not in what the statement returns.
"""

from collections.abc import Mapping

from graphcdp.api.access import MASKED, Needs, refusal
from graphcdp.api.fields import Shown
from graphcdp.api.planned import Description
from graphcdp.api.properties import properties_of
from graphcdp.model.principals import Principal
from graphcdp.plan.fields import Fixed, Plan, Refused, Told
from graphcdp.plan.levels import PlanOf

_EMPTY_BAG = Told("'{}'", properties_of, whole="json", absent="{}")


def plans_for(principal: Principal, description: Description, needs: Mapping[tuple[str, str], Needs]) -> PlanOf:
    """How each field is read for this principal; needs: as `access.needs_by_field`."""

    def plan_of(type_name: str, field_name: str) -> Plan | None:
        plan = description.plan_of(type_name, field_name)
        needed = needs.get((type_name, field_name))
        if plan is None or needed is None:
            return plan
        refused = refusal(principal, needed, f"{type_name}.{field_name}")
        if refused is not None:
            return Refused(refused)
        if needed.shown is None or principal.sees_personal:
            return plan
        return _masked(description, type_name, field_name, needed.shown)

    return plan_of


def _masked(description: Description, type_name: str, field_name: str, shown: Shown) -> Plan | None:
    match shown:
        case Shown.NULL:
            return Fixed(None)
        case Shown.STARS:
            return Fixed(MASKED)
        case Shown.EMPTY:
            return _EMPTY_BAG
        case Shown.ID:
            return description.plan_of(type_name, "id")
        case Shown.PSEUDONYM:
            return description.masked_plan_of(type_name, field_name)
