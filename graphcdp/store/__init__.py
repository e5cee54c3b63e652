"""The one door to Neo4j. Never a business rule.

    neo4j.py        Store and Transaction: driver, retries, time limits
    together.py     reads in the same words, gathered into one statement
    statements.py   the named files under cypher/, found in a wheel and in a checkout
    versions.py     which Neo4j versions can be worked with
    migrations.py   constraints and numbered migrations
    feed.py        changes -> pages of the feed
    values.py       driver values -> Python values
    failures.py     driver errors -> our errors

Start with Store in neo4j.py.
"""

from graphcdp.store.neo4j import Store, Transaction

__all__ = ["Store", "Transaction"]
