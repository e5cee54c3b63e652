"""Conditions on all of a customer's events together, as Cypher expressions that are true or false, never null.

Source: docs/conditions.md, rules 1 to 4. What stands between the pieces was
written by where.py: `events` are clauses that bind `e` to each event that is
looked at, values are parameters.

Subqueries return rows, and what rows come to is worked out around them: when
the last clause of a subquery aggregates, Neo4j 2026.04 may answer no row
instead of the aggregate of none.
"""

from collections.abc import Sequence

from graphcdp.model.histories import Measure

VALUE = "v"
"""What the events come to, for the test in `aggregate`; a number, a time, or null for no value."""

_NUMBER = "x IS :: INTEGER NOT NULL | FLOAT NOT NULL"
_SCALAR = f"{_NUMBER} | STRING NOT NULL | BOOLEAN NOT NULL"

_LEAST = f"COLLECT {{{{ {{events}}\nWITH {{of}} AS x WHERE {_NUMBER}\nRETURN x ORDER BY x%s LIMIT 1 }}}}[0]"
_EARLIEST = "COLLECT {{ {events}\nRETURN e.at AS x ORDER BY x%s LIMIT 1 }}[0]"

_VALUE_BY_MEASURE = {
    Measure.MIN: _LEAST % "",
    Measure.MAX: _LEAST % " DESC",
    Measure.DISTINCT: f"size(COLLECT {{{{ {{events}}\nWITH {{of}} AS x WHERE {_SCALAR}\nRETURN DISTINCT x }}}})",
    Measure.EVENTS: "COUNT {{ {events} }}",
    Measure.FIRST_TIME: _EARLIEST % "",
    Measure.LAST_TIME: _EARLIEST % " DESC",
}

# Whole and decimal numbers of any size are added as floats: the order is part of the result, and a sum of
# integers that leaves 64 bits would fail the statement.
_NUMBERS = f"COLLECT {{{{ {{events}}\nWITH {{of}} AS x WHERE {_NUMBER}\nRETURN toFloat(x) AS x ORDER BY x }}}}"
_TOTAL = "reduce(total = 0.0, number IN numbers | total + number)"
_EXACT_VALUE_BY_MEASURE = {
    Measure.SUM: _TOTAL,
    Measure.AVERAGE: f"CASE WHEN numbers <> [] THEN {_TOTAL} / size(numbers) END",
}
_ROUNDED = "CASE WHEN abs(exact) < 1e15 THEN round(exact, 6) ELSE exact END"


def aggregate(events: str, measure: Measure, of: str, test: str) -> str:
    """That what the events come to meets a test. of: the property, on `e`; test: on VALUE."""
    exact = _EXACT_VALUE_BY_MEASURE.get(measure)
    if exact is None:
        return _with(VALUE, _VALUE_BY_MEASURE[measure].format(events=events, of=of), test)
    numbers = _NUMBERS.format(events=events, of=of)
    return _with("numbers", numbers, _with("exact", exact, _with(VALUE, _ROUNDED, test)))


def sequence(events: str, steps: Sequence[str], without: str | None, within: str | None) -> str:
    """That events happened in this order. steps, without: on `e`, which events; within: a duration.

    One walk over the moments at which something happened, in time. It keeps, for
    each number of steps, the latest start of a chain that has come so far: no
    other start can end sooner after it. An event that may not come between ends
    all chains that began before it. A moment's events all look at what was kept
    before the moment, so each step is later than the one before.
    """
    last = len(steps) - 1  # in the state, where the answer stands behind the starts
    # A moment is a list: the time, which steps it may be, whether it ends what began before.
    ends = "false" if without is None else f"moment[{len(steps) + 1}]"
    begun = f"CASE WHEN moment[1] THEN moment[0] WHEN {ends} THEN null ELSE state[0] END"
    going = [
        f"CASE WHEN {ends} THEN null WHEN moment[{step + 1}] AND state[{step - 1}] IS NOT NULL "
        f"THEN state[{step - 1}] ELSE state[{step}] END"
        for step in range(1, last)
    ]
    # Null, before there is a start, is not later than anything.
    soon = "IS NOT NULL" if within is None else f">= moment[0] - duration({within})"
    done = f"(state[{last}] OR (moment[{last + 1}] AND coalesce(state[{last - 1}] {soon}, false)))"
    matched = [*steps, *([] if without is None else [without])]
    flags = ", ".join(f"count(CASE WHEN {one} THEN 1 END) > 0 AS flag{place}" for place, one in enumerate(matched))
    moment = ", ".join(["at", *(f"flag{place}" for place in range(len(matched)))])
    nothing = ", ".join([*["null"] * last, "false"])
    return f"""reduce(state = [{nothing}], moment IN COLLECT {{
{events}
WITH e.at AS at, {flags} ORDER BY at
RETURN [{moment}] AS moment
}} | [{", ".join([begun, *going, done])}])[{last}]"""


def _with(name: str, expression: str, test: str) -> str:
    """A test on the value of an expression, which is worked out once and called by the name in the test."""
    return f"any({name} IN [{expression}] WHERE {test})"
