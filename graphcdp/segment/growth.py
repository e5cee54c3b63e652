"""What more events can make of a condition: most rules ask whether somebody did something often enough.

Whoever is in such a segment stays in it when more events come. Source: docs/segments.md, rule 9.
"""

from functools import lru_cache

from graphcdp.model.predicates import Predicate

_TRUE, _FALSE, _BOTH = frozenset((True,)), frozenset((False,)), frozenset((True, False))


@lru_cache(maxsize=1000)
def made_by_events(rule: Predicate) -> frozenset[bool]:
    """What more events, and nothing else, can make of the condition: true, false, both, or neither.

    Whatever it is not made stays at every moment until the one from which time alone might change it, since the
    events that were there before still count.
    """
    return rule.may_become(_made_of_leaf)


def _made_of_leaf(leaf: Predicate) -> frozenset[bool]:
    if leaf.did is not None:
        least, most = leaf.did.bounds
        return _TRUE if most is None else _FALSE if least == 0 else _BOTH
    if leaf.did_in_order is not None:
        return _TRUE if leaf.did_in_order.without is None else _BOTH
    # An amount may fall as well, and members of a segment may leave it.
    return _BOTH if leaf.aggregate is not None or leaf.in_segment is not None else frozenset()
