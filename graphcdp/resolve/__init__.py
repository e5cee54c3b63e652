"""Who is who. Pure: no I/O, no clock, no Cypher.

    rules.py     kinds with priority and limit, what is blocked, when to merge
    garbage.py   values that stand for nobody, whatever the rules say
    patterns.py  which regular expressions rules may hold
    clean.py     claims as sources write them -> identifiers in normal form
    traits.py    the latest value of each trait, and how traits become properties
    facts.py     what is known of customers, identifiers and evidence
    ledger.py    the touched part of that, changed message by message
    writes.py    what a decided batch writes
    group.py     who may join a group of identifiers, and who survives
    limits.py    how much one customer may have
    join.py      evidence without a message, by hand or tried again
    preview.py   what uniting customers would do, without doing it
    split.py     which part of a customer keeps which id
    reresolve.py into what a stored customer falls under other rules
    unions.py    groups that grow together, and what limits say to that
    stored.py    what is stored, as resolving it again needs it
    explain.py   why two identifiers are one customer, or not, in sentences
    changes.py   what was decided -> changes, as the feed tells them
    decide.py    messages + ledger -> whose each is, and what to write

Start with decide_batch in decide.py. The procedure is docs/identity.md.
"""
