"""Words of the domain. No I/O, no clock, no GraphQL.

errors.py       every error; the tree as docstring
problems.py     what is wrong with one message or one field, as values
identifiers.py  kinds, keys
messages.py     what a source sends: track, identify, alias
changes.py      what became of customers, as the feed tells it
change_filter.py  which changes somebody wants
redaction.py    changes without what was erased
outcomes.py     what became of a message
times.py        times and durations as text
ids.py          opaque global ids
devices.py      what the context of an event says about a device
predicates.py   conditions on customers, as a tree
conditions.py   the parts that the tree consists of: values, stretches of time, events
histories.py    parts about many events: aggregates, sequences
consent.py      decisions on consent
catalog.py      what samples say of properties
personal.py     which properties are treated as personal data
statement.py    text, parameters
principals.py   who is asking, scopes
addresses.py    where a webhook may point
written.py      YAML that people write, by line
connection.py   how to reach a Neo4j
"""
