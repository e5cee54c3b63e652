"""The environment as one frozen value.

Every field is `GRAPHCDP_<NAME>` in the environment or in `.env`.
"""

import ipaddress
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from graphcdp.model.addresses import Reach
from graphcdp.model.errors import SettingsError

SECRET_BYTES_MIN = 32
_ORIGIN = re.compile(r"https?://[^/?#\s,*@]+", re.IGNORECASE)


class Settings(BaseSettings):
    """What an operator can set. Load it with `Settings.load()`."""

    model_config = SettingsConfigDict(
        env_prefix="GRAPHCDP_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    neo4j_uri: str | None = Field(
        default=None,
        description="Address of an external Neo4j (bolt:// or neo4j://). Unset: the embedded one.",
    )
    neo4j_user: str = Field(default="neo4j", description="User of the external Neo4j.")
    neo4j_password: SecretStr | None = Field(default=None, description="Password of the external Neo4j.")
    neo4j_database: str | None = Field(default=None, description="Database name. Unset: the server's default.")
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("graphcdp"), description="Folder of the embedded database."
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("graphcdp"), description="Folder of downloaded server files."
    )
    heap_max: Annotated[str, Field(pattern=r"^\d+[mg]$")] = Field(
        default="1g", description="Java heap of the embedded database, such as 512m or 2g."
    )
    page_cache: Annotated[str, Field(pattern=r"^\d+[mg]$")] = Field(
        default="256m", description="Page cache of the embedded database."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8000, description="Port to listen on; 0: any.")
    default_region: str = Field(
        default="US", description="Region of phone numbers without a country code (ISO 3166, two letters)."
    )
    rules: Path | None = Field(default=None, description="YAML file with the identity rules.")
    tracking_plan: Path | None = Field(default=None, description="YAML file with the events that are expected.")
    query_timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10,
        description="Longest time for one operation, in seconds; the database's work is ended too.",
    )
    batch_max: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="Most messages in one transaction."
    )
    waiting_max: Annotated[int, Field(ge=1)] = Field(
        default=10_000,
        description="Most messages that may wait for the next transaction; others are told to come back.",
    )
    customer_messages_per_s: Annotated[float, Field(ge=0)] = Field(
        default=100,
        description="Most messages of one customer in a second, in the long run; others are refused. 0: no limit.",
    )
    customer_messages_burst: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="Most messages of one customer at once, above GRAPHCDP_CUSTOMER_MESSAGES_PER_S."
    )
    customer_traits_max: Annotated[int, Field(ge=0)] = Field(
        default=1000, description="Most names of traits on one customer; others are left out. 0: no limit."
    )
    customer_identifiers_max: Annotated[int, Field(ge=0)] = Field(
        default=5000, description="Most identifiers of one customer, of all kinds; others are left out. 0: no limit."
    )
    live_max: Annotated[int, Field(ge=1)] = Field(
        default=2500,
        description="Most sockets and event streams that are open at once; others are told to come back.",
    )
    cache_ttl_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=1,
        description=(
            "How long answers about one customer may be given from memory, in seconds: so late may show what other "
            "processes write and the feed does not tell; 0: never from memory."
        ),
    )
    cache_mb_max: Annotated[int, Field(ge=1)] = Field(
        default=128,
        description="Memory for answers about one customer, in MB; those that were not asked for longest go.",
    )
    segment_sweep_s: Annotated[float, Field(gt=0)] = Field(
        default=30,
        description="How often memberships that time alone changes are brought up to date, in seconds.",
    )
    segment_check_at: Annotated[int, Field(ge=-1, le=23)] = Field(
        default=3, description="Hour, in UTC, at which members of segments are checked each day; -1 for never."
    )
    behaviour_renew_s: Annotated[float, Field(gt=0)] = Field(
        default=86_400,
        description="How old what is kept of customers' behaviour may be before it is worked out again, in seconds.",
    )
    feed_keep_s: Annotated[float, Field(gt=0)] = Field(
        default=7 * 86_400, description="How long the feed keeps changes, in seconds."
    )
    feed_keep_max: Annotated[int, Field(ge=1)] = Field(
        default=10_000_000, description="Most changes that the feed keeps; the oldest are dropped first."
    )
    stop_timeout_s: Annotated[float, Field(gt=0)] = Field(
        default=30, description="How long a stop waits for what was accepted, in seconds."
    )
    graphiql: bool = Field(default=True, description="Serve GraphiQL to browsers at /graphql.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins whose pages may call the API, such as https://shop.example, with commas; * for all.",
    )
    tracking_url: str | None = Field(
        default=None,
        description=(
            "Address by which browsers and apps reach the server, such as https://events.shop.example, for the SDKs "
            "that ask where to send. Unset: the one by which they asked."
        ),
    )
    tracking_ip: bool = Field(default=False, description="Keep IP addresses in the context of events that SDKs send.")
    kafka_brokers: str | None = Field(
        default=None,
        description="Brokers of `graphcdp consume kafka` and `produce kafka`: host:port, several with commas.",
    )
    kafka_config: Path | None = Field(
        default=None,
        description="File with options of the Kafka client, such as security.protocol and sasl.password.",
    )
    webhook_private_allowed: bool = Field(
        default=False,
        description="Let webhooks go to private addresses, this machine included, and over plain http.",
    )
    webhook_allowed: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Hosts, addresses and networks that webhooks may go to although they are private, with commas.",
    )
    webhook_timeout_s: Annotated[float, Field(gt=0, le=120)] = Field(
        default=15, description="Longest time for one try of a webhook, in seconds."
    )
    webhook_disable_s: Annotated[float, Field(gt=0)] = Field(
        default=5 * 86_400,
        description="How long a webhook may fail without any success before it is disabled, in seconds.",
    )
    webhook_log_keep_s: Annotated[float, Field(gt=0)] = Field(
        default=7 * 86_400, description="How long it is kept what became of deliveries that are over, in seconds."
    )
    webhook_log_keep_max: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=10_000, description="Most delivered ones, and most given up ones, that are kept of a webhook."
    )
    destinations: Path | None = Field(
        default=None, description="YAML file with destinations of changes beside webhooks: files, Kafka, plug-ins."
    )
    trusted_documents: Path | None = Field(
        default=None,
        description="Folder of .graphql files, or JSON manifest, with operations that can be asked for by their id.",
    )
    trusted_only: bool = Field(
        default=False, description="Execute only operations of GRAPHCDP_TRUSTED_DOCUMENTS; no others, no GraphiQL."
    )
    token_secret: SecretStr | None = Field(
        default=None,
        description="Secret that visitors' tokens are signed with, at least 32 bytes. Unset: no tokens are taken.",
    )
    keys_fresh_s: Annotated[float, Field(gt=0, le=600)] = Field(
        default=5, description="How long a key that was revoked elsewhere may still be taken, in seconds."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="Logs for people or machines; auto: by whether stderr is a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least severe log.")

    @property
    def webhook_reach(self) -> Reach:
        """What webhooks may connect to."""
        return Reach.of(self.webhook_private_allowed, self.webhook_allowed)

    @field_validator("cors_origins", "webhook_allowed", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _known_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; write https://shop.example, without a path, or *")
        return value

    @field_validator("webhook_allowed")
    @classmethod
    def _known_places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Reach.of(False, value)
        return value

    @field_validator("tracking_url")
    @classmethod
    def _without_a_path(cls, value: str | None) -> str | None:
        if value is None or not value:
            return None
        if not _ORIGIN.fullmatch(value.rstrip("/")):
            raise ValueError(f"{value!r} is no address; write https://events.shop.example, without a path")
        return value.rstrip("/")

    @field_validator("default_region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        region = value.upper()
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{value!r} is no region that phone numbers have; write two letters such as US or VN")
        return region

    @field_validator("token_secret", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        # A compose file hands on what is not set as empty text.
        return value or None

    @field_validator("token_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"it must have at least {SECRET_BYTES_MIN} bytes; make one with `openssl rand -hex 32`")
        return value

    @field_validator("neo4j_uri")
    @classmethod
    def _known_scheme(cls, value: str | None) -> str | None:
        schemes = ("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")
        if value is not None and not value.startswith(schemes):
            raise ValueError(f"{value!r} must start with one of {', '.join(schemes)}")
        return value

    @model_validator(mode="after")
    def _password_with_address(self) -> "Settings":
        if self.neo4j_uri is not None and self.neo4j_password is None:
            raise ValueError("GRAPHCDP_NEO4J_URI needs GRAPHCDP_NEO4J_PASSWORD beside it")
        return self

    @model_validator(mode="after")
    def _only_what_is_there(self) -> "Settings":
        if self.trusted_only and self.trusted_documents is None:
            raise ValueError("GRAPHCDP_TRUSTED_ONLY needs GRAPHCDP_TRUSTED_DOCUMENTS beside it")
        return self

    @classmethod
    def load(cls, **overrides: object) -> "Settings":
        """Settings from the environment and `.env`; overrides that are not None win.

        Raises SettingsError with one line that names the first bad setting.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic checks the values
        except ValidationError as error:
            first = error.errors()[0]
            name = "_".join(str(part) for part in first["loc"]).upper()
            what = first["msg"].removeprefix("Value error, ")
            where = f"GRAPHCDP_{name} is not usable: " if name else ""
            raise SettingsError(f"{where}{what}") from error


@lru_cache(maxsize=100)
def is_loopback(host: str) -> bool:
    """Is this name or address one that only this machine can reach?"""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
