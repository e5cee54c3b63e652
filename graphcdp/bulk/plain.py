"""A column of identifiers -> keys, where no doubt is left what `resolve.clean` makes of a value. Pure.

Most values are plain: letters, digits and a few marks, and their own normal form. What
is not sure to be is left out, and cleaned one by one.
"""

import pyarrow as pa
import pyarrow.compute as pc

from graphcdp.model.identifiers import EMAIL, PHONE
from graphcdp.resolve.clean import EMAIL_LENGTH_MAX, LOCAL_LENGTH_MAX, normal_domain
from graphcdp.resolve.garbage import WORDS
from graphcdp.resolve.rules import IdentityRules, KindRule, Normalise

# None begins as the garbage that patterns know: zeros, ones, marks.
_PLAIN = r"\A[1-9A-EG-Za-eg-z_][0-9A-Za-z_.:@+-]{0,254}\z"
_ADDRESS = r"\A[1-9A-EG-Za-eg-z_][0-9A-Za-z_+-]*(\.[0-9A-Za-z_+-]+)*@[0-9A-Za-z.-]+\z"
_NO_MAILBOX = r"\A(no-?reply|do-?not-?reply|mailer-daemon)@"


def plain_keys(kind: str, values: pa.Array, rules: IdentityRules) -> pa.Array:
    """Keys of the values that are plain; null for the others. values: texts, without nulls."""
    rule = rules.kinds.get(kind)
    if rule is None or rule.blocked_patterns or kind == PHONE or rule.normalise is Normalise.PHONE:
        return pa.nulls(len(values), pa.string())
    folded = pc.ascii_lower(values)
    if rule.normalise is Normalise.EMAIL:
        normal = _addresses(values)
        fine = pc.is_valid(normal)
    else:
        normal = folded if rule.normalise is Normalise.LOWER else values
        fine = pc.match_substring_regex(values, _PLAIN)
    garbage = _garbage(rule)
    fine = pc.and_not(fine, pc.or_(pc.is_in(folded, garbage), pc.is_in(normal, garbage)))
    if kind == EMAIL:
        fine = pc.and_not(fine, pc.match_substring_regex(folded, _NO_MAILBOX))
    return pc.if_else(fine, pc.binary_join_element_wise(f"{kind}:", normal, ""), None)


def _garbage(rule: KindRule) -> pa.Array:
    """What stands for nobody; plain values have no white space and no letters but A to Z."""
    return pa.array([*WORDS, *(value.strip().casefold() for value in rule.blocked)], pa.string())


def _addresses(values: pa.Array) -> pa.Array:
    """The normal forms of plain addresses at domains that have one; null for the others."""
    plain = pc.and_(
        pc.match_substring_regex(values, _ADDRESS), pc.less_equal(pc.binary_length(values), EMAIL_LENGTH_MAX)
    )
    parts = pc.split_pattern(pc.if_else(plain, values, "@"), "@")
    domains = pc.list_element(parts, 1).dictionary_encode()
    found = [None if domain == "" else normal_domain(domain) for domain in domains.dictionary.to_pylist()]
    known = pa.array([None if one is None else one.lower() for one in found], pa.string()).take(domains.indices)
    local = pc.ascii_lower(pc.list_element(parts, 0))
    normal = pc.binary_join_element_wise(local, known, "@")
    short = pc.and_(
        pc.less_equal(pc.binary_length(local), LOCAL_LENGTH_MAX),
        pc.less_equal(pc.utf8_length(normal), EMAIL_LENGTH_MAX),
    )
    return pc.if_else(pc.fill_null(short, False), normal, None)
