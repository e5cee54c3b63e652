"""From a question to one Cypher statement. Pure: nothing here awaits, knows the driver or the clock.

    fields.py     how a field is read: the words that stand beside its definition
    selection.py  what an operation asks for, fragments and directives worked in
    levels.py     the same as a tree, with how each field is read
    lists.py      clauses for lists: identifiers, events, evidence, segments, members
    segments.py   clauses for versions and sizes of segments, and what a rule has in common with them
    changes.py    clauses for what happened to identity: merges, splits, refused evidence
    write.py      levels -> statement
    single.py     whether all of it is about one customer
    finish.py     its row -> the answer
    where.py      a condition on a customer -> Cypher condition and parameters
    moments.py    a condition on a customer -> when time alone may change who meets it
    histories.py  conditions on many events: aggregates, sequences
    anchors.py    counting from events when few can be meant
    samples.py    estimates from a sample of customers
    members.py    conditions in their frames: who meets one, who is and who should be in segments

Start with `write` in write.py, or with `condition` in where.py. Values are always
parameters, and so are names of the caller's; a statement's text depends on the shape
of the question alone, so that Neo4j plans each shape once.
"""
