"""Which jars the tests' broker consists of; written anew by `python -m tests.streams.broker_lock [VERSION]`.

As `graphcdp.embedded.lock` does for Neo4j. The product does not need them.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from graphcdp.embedded.artifacts import Jar, Lock
from graphcdp.embedded.lock import lock_jars

LOCK_FILE = Path(__file__).with_name("kafka.lock.json")


def broker_lock() -> Lock:
    """The lock beside this file; its version is Kafka's."""
    content = json.loads(LOCK_FILE.read_text(encoding="utf-8"))
    return Lock(content["kafka"], tuple(content["roots"]), tuple(Jar(**jar) for jar in content["jars"]))


def main() -> None:
    """Replace the lock."""
    version = sys.argv[1] if len(sys.argv) > 1 else broker_lock().neo4j
    # Without the second the broker's log would go nowhere.
    roots = (f"org.apache.kafka:kafka_2.13:{version}", "org.slf4j:slf4j-simple:1.7.36")
    jars = lock_jars(roots)
    lines = ",\n".join(f"    {json.dumps(asdict(jar))}" for jar in jars)
    head = f'{{\n  "kafka": {json.dumps(version)},\n  "roots": {json.dumps(roots)},\n  "jars": [\n'
    LOCK_FILE.write_text(f"{head}{lines}\n  ]\n}}\n", encoding="utf-8")
    print(f"{LOCK_FILE.name}: Kafka {version}, {len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
