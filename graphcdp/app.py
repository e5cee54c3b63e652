"""Joins settings, database, recorder and API into a platform; the only place that knows them all."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from graphcdp import embedded
from graphcdp.api.change_answers import ChangeAnswers
from graphcdp.api.context import Context
from graphcdp.api.http import build_app
from graphcdp.api.principals import check_exposure
from graphcdp.api.remembered import Remembered, forget_as_told
from graphcdp.api.schema import schema
from graphcdp.api.server import Server
from graphcdp.deliver.configured import read_destinations
from graphcdp.deliver.supervisor import Deliveries, delivering
from graphcdp.embedded import Progress
from graphcdp.model.connection import Connection
from graphcdp.model.errors import DestinationError, GraphCDPError, PlanFileError, RulesFileError, SettingsError
from graphcdp.model.principals import OWNER
from graphcdp.notify.feed import Feed
from graphcdp.notify.polled import Polled
from graphcdp.read.feed import read_changes, standing
from graphcdp.read.jobs import JobRow
from graphcdp.record.background import BackgroundJobs
from graphcdp.record.clock import utc_now
from graphcdp.record.discovery import renew_behaviour
from graphcdp.record.erase import finish_erasures
from graphcdp.record.feed import trim
from graphcdp.record.pace import Pace
from graphcdp.record.plan_file import read_plan_file
from graphcdp.record.recorder import Recorder
from graphcdp.record.rules import Origin, RulesRefusedError, VersionedRules, rules_to_be, settle_rules
from graphcdp.record.rules_file import read_rules_file
from graphcdp.record.segment_moments import keep_moments
from graphcdp.record.segment_sizes import measure_sizes
from graphcdp.record.segment_upkeep import check_daily
from graphcdp.record.segment_upkeep import sweep as sweep_segments
from graphcdp.resolve.limits import CustomerLimits
from graphcdp.resolve.rules import IdentityRules
from graphcdp.settings import Settings
from graphcdp.store import Store
from graphcdp.tracking_plan.plan import TrackingPlan

log = structlog.get_logger("graphcdp")

FOLLOWED_AGAIN_S = 5
REQUESTS_MAX = 1000
"""Connections beside those that stay open, and operations on these."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A database that is up to date, and what works on it."""

    settings: Settings
    store: Store
    recorder: Recorder
    jobs: BackgroundJobs = field(default_factory=BackgroundJobs)
    job_feed: Polled[str, JobRow] = field(default_factory=Polled)
    remembered: Remembered | None = None
    change_answers: ChangeAnswers = field(default_factory=ChangeAnswers)
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feed", feed_of(self.store))

    def context(self) -> Context:
        """A fresh GraphQL context, one for each operation; who is asking is still to be said."""
        return Context(
            store=self.store,
            recorder=self.recorder,
            settings=self.settings,
            jobs=self.jobs,
            job_feed=self.job_feed,
            remembered=self.remembered,
            feed=self.feed,
        )

    async def execute(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Execute one GraphQL operation with all rights; the answer as JSON-like values."""
        context = self.context()
        context.principal = OWNER
        result = await schema.execute(document, variable_values=variables, context_value=context)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        return answer


@asynccontextmanager
async def open_platform(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Platform]:
    """The platform on the database that the settings name; the embedded one is started when none runs.

    On leaving, what was accepted is finished first; then the database is
    stopped if it was started here. Raises GraphCDPError.
    """
    from_file = _rules_file(settings)
    plan = _tracking_plan(settings)
    async with open_store(settings, progress) as store:
        settled = await _settled_rules(settings, store, from_file)
        recorder = Recorder(
            store,
            settled.rules,
            version=settled.version,
            batch_max=settings.batch_max,
            waiting_max=settings.waiting_max,
            limits=limits_of(settings),
            pace=_pace(settings),
            plan=plan,
        )
        platform = Platform(settings, store, recorder, remembered=remembered_answers(settings, store))
        try:
            yield platform
        finally:
            async with asyncio.timeout(settings.stop_timeout_s):
                await platform.jobs.close()
                await recorder.drain()


@asynccontextmanager
async def open_unchanged(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Platform]:
    """The platform as `open_platform` would make it, to look and not to write: no migration, no rules put in force.

    Raises GraphCDPError.
    """
    from_file = _rules_file(settings)
    plan = _tracking_plan(settings)
    async with database(settings, progress) as connection, await Store.open(connection) as store:
        rules = await rules_to_be(store, from_file, settings.default_region)
        yield Platform(settings, store, Recorder(store, rules, limits=limits_of(settings), plan=plan))


def feed_of(store: Store) -> Feed:
    """The feed of a process, which the writes of this store wake."""

    async def newest() -> int:
        return (await standing(store)).newest

    return Feed(partial(read_changes, store), newest, store=store)


def remembered_answers(settings: Settings, store: Store) -> Remembered | None:
    """The answers that are kept in memory, which the writes of this store keep right; None when they are off."""
    if not settings.cache_ttl_s:
        return None
    remembered = Remembered(settings.cache_ttl_s, settings.cache_mb_max * 1024 * 1024)
    store.watch(remembered.forget)
    return remembered


@asynccontextmanager
async def open_store(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Store]:
    """The database that the settings name, up to date; the embedded one is started when none runs.

    Raises GraphCDPError.
    """
    async with database(settings, progress) as connection, await Store.open(connection) as store:
        await store.migrate()
        yield store


@asynccontextmanager
async def database(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Connection]:
    """The connection of the external database, or of the embedded one, started when none runs."""
    if settings.neo4j_uri is not None and settings.neo4j_password is not None:
        yield Connection(
            settings.neo4j_uri,
            settings.neo4j_user,
            settings.neo4j_password.get_secret_value(),
            settings.neo4j_database,
        )
        return
    server = await asyncio.to_thread(
        embedded.start,
        settings.data_dir,
        cache_dir=settings.cache_dir,
        heap_max=settings.heap_max,
        page_cache=settings.page_cache,
        progress=progress,
    )
    try:
        yield server.connection
    finally:
        await asyncio.to_thread(server.stop)


def _tracking_plan(settings: Settings) -> TrackingPlan | None:
    """The tracking plan that the settings name. Raises SettingsError, one line."""
    if settings.tracking_plan is None:
        return None
    try:
        return read_plan_file(settings.tracking_plan)
    except PlanFileError as error:
        first, *others = str(error).splitlines()
        more = f" `graphcdp plan check {settings.tracking_plan}` tells the rest." if others else ""
        raise SettingsError(f"GRAPHCDP_TRACKING_PLAN: {first}{more}") from error


def limits_of(settings: Settings) -> CustomerLimits:
    """How much one customer may have."""
    return CustomerLimits(settings.customer_traits_max or None, settings.customer_identifiers_max or None)


def _pace(settings: Settings) -> Pace | None:
    """How fast messages of one customer may come; None for as fast as they like."""
    per_s = settings.customer_messages_per_s
    return Pace(per_s, settings.customer_messages_burst) if per_s else None


def _rules_file(settings: Settings) -> tuple[IdentityRules, str] | None:
    """The identity rules of the file that the settings name, with a hash of its content. Raises SettingsError."""
    if settings.rules is None:
        return None
    try:
        return read_rules_file(settings.rules, settings.default_region)
    except RulesFileError as error:
        raise SettingsError(f"GRAPHCDP_RULES: {error}") from error


def rules_to_begin_with(settings: Settings) -> IdentityRules:
    """The identity rules that a new database gets. Raises SettingsError."""
    from_file = _rules_file(settings)
    return IdentityRules(region=settings.default_region) if from_file is None else from_file[0]


async def _settled_rules(
    settings: Settings, store: Store, from_file: tuple[IdentityRules, str] | None
) -> VersionedRules:
    """The identity rules to start with: those of a file that is new, else those in force."""
    try:
        settled = await settle_rules(store, from_file, settings.default_region, utc_now())
    except RulesRefusedError as error:
        raise SettingsError(f"GRAPHCDP_RULES: {settings.rules}: {error}") from error
    if settled.origin is Origin.DEFAULT and settled.rules.region != settings.default_region:
        log.warning(
            "GRAPHCDP_DEFAULT_REGION has no effect: the identity rules in force name another region",
            region=settled.rules.region,
            version=settled.version,
        )
    return settled


def settle_memory() -> None:
    """Look for garbage less often, and not in what was made until here, which stays. For a process that has started.

    A batch makes tens of thousands of objects that all live until it is written: looking
    through them again and again takes up to a third of the time. Looked for still more
    seldom, what there is of garbage would take long at once, for which all wait: of each
    request some eighty objects are left, and ten thousand take about 10 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def allow_files(count: int) -> None:
    """Let the process have so many connections open, as far as the system allows; many allow 1024 unless asked."""
    try:
        import resource  # not on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def refuse_exposure(platform: Platform) -> None:
    """Raise SettingsError when others could reach the server although no key is stored; log when it is open."""
    refusal = await check_exposure(platform.store, platform.settings)
    if refusal is not None:
        raise SettingsError(refusal)


async def serve(platform: Platform) -> None:
    """Serve HTTP until SIGINT or SIGTERM; requests under way are finished.

    Call `refuse_exposure` first.
    """
    settings = platform.settings
    settle_memory()
    allow_files(settings.live_max + REQUESTS_MAX)
    server = Server(
        build_app(platform),
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=int(settings.stop_timeout_s) or 1,
        limit_concurrency=settings.live_max + REQUESTS_MAX,
    )
    async with _swept(platform), delivering(deliveries_of(platform)):
        await server.serve()


def deliveries_of(platform: Platform) -> Deliveries:
    """What this process delivers to webhooks and to the configured destinations. Raises SettingsError."""
    settings, store = platform.settings, platform.store
    try:
        configured = [] if settings.destinations is None else read_destinations(settings.destinations)
        for one in configured:
            # What is wrong is said at once, not when the first change comes.
            one.make(settings)
    except DestinationError as error:
        raise SettingsError(f"GRAPHCDP_DESTINATIONS: {error}") from error
    return Deliveries(store, settings, platform.feed.follow, partial(read_changes, store), configured=configured)


@asynccontextmanager
async def _swept(platform: Platform) -> AsyncIterator[None]:
    """Meanwhile keep up what no request does.

    Memberships that time alone changes, sizes of segments over time, jobs and erasures that stopped, how
    customers behave, changes that the feed need not keep, answers in memory that other processes made old.
    """

    async def sweep() -> None:
        while True:
            platform.jobs.start(platform.store)
            await asyncio.sleep(platform.settings.segment_sweep_s)
            try:
                await sweep_segments(platform.store, utc_now())
                await measure_sizes(platform.store, utc_now())
                await finish_erasures(platform.store)
                await renew_behaviour(platform.store, utc_now(), platform.settings.behaviour_renew_s)
                await trim(
                    platform.store,
                    keep_s=platform.settings.feed_keep_s,
                    keep_max=platform.settings.feed_keep_max,
                )
            except GraphCDPError as error:
                log.warning("not swept", reason=str(error))

    async def plan_ahead() -> None:
        try:
            await platform.recorder.plan_ahead()
        except GraphCDPError as error:
            log.warning("statements are not planned ahead", reason=str(error))

    async def forget() -> None:
        while platform.remembered is not None:
            try:
                await forget_as_told(platform.remembered, platform.feed)
            except GraphCDPError as error:
                log.warning("the feed is not followed", reason=str(error))
                await asyncio.sleep(FOLLOWED_AGAIN_S)

    tasks = [asyncio.create_task(work()) for work in (plan_ahead, sweep, forget)]
    tasks += [
        asyncio.create_task(keep_moments(platform.store, utc_now)),
        asyncio.create_task(check_daily(platform.store, platform.settings.segment_check_at, utc_now)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
