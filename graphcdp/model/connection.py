"""How to reach a Neo4j."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Connection:
    """Address and credentials of a Neo4j.

    uri: bolt:// or neo4j:// (also with +s, +ssc). database: None means the
    server's default database.
    """

    uri: str
    user: str
    password: str = field(repr=False)
    database: str | None = None
