"""A first load of millions of rows: the graph that the recorder would have made, built from columns. Docs: import.md.

    load.py        the steps: read, work out who is who, write files, let Neo4j import them
    chunks.py      files -> chunks, each read by a process of its own
    columnwise.py  plain rows -> parts, column by column
    encode.py      a column -> JSON and fields
    rowwise.py     all other rows -> parts, one by one, as the recorder takes them
    plain.py       columns of claims that are plain, cleaned at once
    parts.py       what a chunk gives: messages as columns on the disk
    messages.py    all messages as arrays, duplicates marked
    identity.py    unions over all messages; which of them the rules may object to
    replay.py      those, decided one by one by `decide_batch`
    traits.py      what messages state -> traits of identifiers and customers
    graph.py       nodes and relationships as lines
    others.py      conflicts, refused messages, what was there before
    lines.py, marks.py   lines, fields
    around.py      before and after: whether the database is empty, what stays, what comes late

A part holds a whole chunk's text; only identifiers, times and ids of all messages are in memory at once. What the
columns cannot do exactly as the recorder does, a row goes through the recorder's own functions.
"""
