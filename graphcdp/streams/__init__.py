"""Messages from streams and to them. Never a rule, never a statement. Source: docs/streams.md.

messages.py   a record's value -> a raw message; a message -> key and value. Pure
options.py    a file of client options -> what the client, an extra, is given
consumer.py   records -> recorder -> dead letters -> offsets, batch by batch
dead.py       what was refused, for other programs
producer.py   messages -> a topic, keyed by whose they are
progress.py   counts, lag, whether the end is reached

Start with `consume` in consumer.py. Only consumer.py, dead.py, producer.py and
progress.py import the client: see that `require_client` passes before.
"""
