"""What is stored, as resolving it again by other rules needs it: rows of `cypher/resolution/` -> values. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphcdp.model.identifiers import BUILT_IN_KINDS, Claim, Identifier, identifier_of_key
from graphcdp.model.problems import ProblemCode
from graphcdp.resolve.clean import clean_one
from graphcdp.resolve.join import Evidence
from graphcdp.resolve.reresolve import Held, Tie, Verdict
from graphcdp.resolve.rules import IdentityRules, MergeMode
from graphcdp.resolve.traits import COUNT_PREFIX
from graphcdp.resolve.unions import Content, Seen
from graphcdp.resolve.writes import Refusal

Row = Mapping[str, Any]


def limits_of(rules: IdentityRules) -> list[dict[str, Any]]:
    """The limits that a stored customer can be over, by the property that counts; none unless rules protect."""
    if rules.merge is not MergeMode.PROTECT:
        return []
    return [
        {"property": f"{COUNT_PREFIX}{kind}", "limit": rule.limit}
        for kind, rule in sorted(rules.kinds.items())
        if rule.limit is not None
    ]


def kinds_with_blocks(rules: IdentityRules) -> list[str]:
    """Kinds of which stored values may be blocked."""
    return sorted(kind for kind, rule in rules.kinds.items() if rule.blocked or rule.blocked_patterns)


def kinds_with_windows(rules: IdentityRules) -> list[str]:
    """Kinds whose limit looks at a window."""
    return sorted(kind for kind, rule in rules.kinds.items() if rule.window is not None)


def bounds_of_kind(kind: str) -> tuple[str, str]:
    """Between which two texts all keys of a kind lie."""
    # The character after the colon that ends the kind.
    return f"{kind}:", f"{kind};"


def whole_customer(row: Row) -> tuple[dict[str, Held], list[Tie]]:
    """Identifiers by key, and evidence, of a row of `resolution/customers`."""
    members = {key: Held(identifier_of_key(key), _seen(first, last)) for key, first, last in row["members"]}
    ties = [
        Tie(id_, (one, other), _seen(first, last), by_hand) for id_, one, other, first, last, by_hand, *_ in row["ties"]
    ]
    return members, ties


def _seen(first: str, last: str) -> Seen:
    return Seen(datetime.fromisoformat(first), datetime.fromisoformat(last))


def ended_evidence(row: Row, verdict: Verdict, rules: IdentityRules) -> list[Refusal]:
    """The evidence that a verdict on a row of `resolution/customers` ends, for review."""
    shown = {tie[0]: tie for tie in row["ties"]}
    refusals = []
    for ended in verdict.ends:
        _, _, _, first, last, _, count, source, message = shown[ended.tie.id]
        subject, identifier = sorted(map(identifier_of_key, ended.tie.between), key=rules.order)
        refusals.append(
            Refusal(
                subject,
                identifier,
                ended.why.code,
                datetime.fromisoformat(first),
                datetime.fromisoformat(last),
                source,
                message,
                ended.why.kind,
                ended.why.limit,
                ended.why.actual,
                count,
            )
        )
    return refusals


def content_of(row: Row) -> Content:
    """What a row of `resolution/contents` holds."""
    content = Content({name.removeprefix(COUNT_PREFIX): count for name, count in row["counts"]}, customers=[row["id"]])
    for kind, key, first, last in row["recent"]:
        content.recent.setdefault(kind, {})[key] = _seen(first, last)
    return content


def refused_evidence(row: Row) -> Evidence:
    """The evidence of a row of `resolution/conflicts`."""
    return Evidence(
        identifier_of_key(row["subject"]),
        identifier_of_key(row["identifier"]),
        row["count"],
        datetime.fromisoformat(row["firstSeen"]),
        datetime.fromisoformat(row["lastSeen"]),
        row["source"],
        row["message"],
    )


def left_out_evidence(row: Row, rules: IdentityRules) -> dict[str, Evidence]:
    """What claims of a row of `resolution/partials` show that these rules take, by the claim as it was kept."""
    subject = identifier_of_key(row["subject"])
    at = datetime.fromisoformat(row["at"])
    taken: dict[str, Evidence] = {}
    for text in row["dropped"] or ():
        code, _, claimed = text.partition(" ")
        kind, _, value = claimed.partition(":")
        if code == ProblemCode.UNKNOWN_KIND and kind in BUILT_IN_KINDS:
            # These are always known: the colon was in the name of another kind.
            continue
        identifier = clean_one(Claim(kind, value), rules)
        if isinstance(identifier, Identifier) and identifier != subject:
            taken[text] = Evidence(subject, identifier, 1, at, at, row["source"], row["id"])
    return taken


def may_be_tried(evidence: Evidence, rules: IdentityRules) -> bool:
    """Whether the rules know both identifiers and block neither."""
    both = (evidence.subject, evidence.identifier)
    return all(identifier.kind in rules.kinds and not rules.blocks(identifier) for identifier in both)
