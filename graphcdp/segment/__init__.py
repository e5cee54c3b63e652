"""Who belongs, pure. Never stored state.

    definitions.py  what a segment is, and what an edit may not do
    versions.py     who did what, and what became different by it
    membership.py   the order in which rules are evaluated, who entered and left
    concern.py      which segments a write may concern
    growth.py       what more events can make of a condition
    written.py      segments as YAML, both ways
    differences.py  segments as they are written and as they are -> what to do
    wording.py      a condition -> one line in plain words
    reading.py      one line -> the condition; its grammar is rules.lark

Start with definitions.py. What a condition means is in `graphcdp.plan.where`.
"""
