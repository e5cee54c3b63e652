"""A real Apache Kafka, one node that is broker and controller, from its Maven artifacts."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphcdp.embedded.artifacts import ensure
from graphcdp.embedded.java import JAVA, clean_environment
from graphcdp.embedded.ports import free_port
from tests.streams.broker_lock import broker_lock

CLUSTER = "graphcdp-tests-cluste"  # 16 bytes in base64, as Kafka wants it
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20

# One machine has all copies. Topics are made by tests only. A member that was killed is soon given up.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


@contextmanager
def broker(folder: Path, cache_dir: Path) -> Iterator[str]:
    """A broker on an empty folder, as `host:port`; its jars are fetched once. Ended by its process id."""
    jars = ensure(cache_dir, lock=broker_lock(), name="kafka")
    port, controller = free_port(None), free_port(None)
    settings = folder / "server.properties"
    settings.write_text(SETTINGS.format(port=port, controller=controller, folder=folder), encoding="utf-8")
    java = [
        str(JAVA), "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", os.pathsep.join(map(str, jars)),
    ]  # fmt: skip
    log = folder / "broker.log"
    with log.open("wb") as said:
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(settings)],
            stdout=said, stderr=said, env=clean_environment(), timeout=START_TIMEOUT_S, check=True,
        )  # fmt: skip
        process = subprocess.Popen(
            [*java, "kafka.Kafka", str(settings)], stdout=said, stderr=said, env=clean_environment()
        )
        try:
            _wait_for(port, process, log)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the broker did not start: {log.read_text(errors='replace')[-3000:]}")
