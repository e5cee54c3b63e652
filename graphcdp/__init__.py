"""GraphCDP: a customer data platform on a graph.

Rooms, in the direction in which imports may point (down):

    cli        one file a command
    app        joins settings, store and api
    api        GraphQL and HTTP                       deliver  changes to webhooks, files, Kafka
    streams    messages from Kafka and to it
    record     every write: read, decide, apply       read   every read: statement, rows, shape
    notify     tells what became different
    resolve    who is who, pure                       segment  who belongs, pure
    tracking_plan  what is expected to arrive, pure  insight  groups in what customers do, pure
    plan       question to statement, pure            store    the one door to Neo4j
    embedded   a Neo4j of our own                     demo     real data as messages
    settings   the environment as one value
    model      words: identifiers, messages, customers, errors
"""

__version__ = "0.1.0"
