"""GraphQL and HTTP. Never statements, never rules; a field's piece of Cypher stands beside the field.

    schema.py      joins the types and the limits
    queries.py, mutations.py          the root fields
    customers.py, events.py, identities.py, rejected.py, segments.py   types
    changes.py     the feed as pages, and its changes
    change_subscriptions.py, change_places.py   the feed followed; cursors that tell who a customer is there
    delivery.py, change_answers.py   such a subscription taken apart; its answers, made once for all who ask the same
    explain.py, merges.py, conflicts.py, history.py, snapshots.py      types of identity: evidence, log, past
    recording.py   what became of messages
    replay.py      the mutation that tries refused messages again
    identity_edits.py, decisions.py   mutations that change who is who
    sources.py     where messages come from
    segment_edits.py                  mutations that edit segments
    discovery.py, discovery_edits.py  segments found in the data; the mutation that looks for them
    lookalikes.py  who behaves alike, and what sets groups apart
    rule_texts.py  conditions written as text
    segment_versions.py, segment_previews.py   what edits made of them, sizes over time; what a rule would select
    segment_words.py                  words that their arguments take
    consents.py, consent_edits.py     what customers have consented to; the mutation
    webhooks.py, webhook_edits.py     webhooks and their deliveries; mutations that edit them
    previews.py    what a merge would do
    catalog.py     names seen in the data
    rules.py, rules_input.py, jobs.py identity rules, long work in the background
    answers.py, requests.py, headers.py, times.py  bodies and answers of HTTP, its log, headers, ranges of time
    references.py, predicates.py      how to name customers; conditions on them
    properties.py  bags of named values
    pages.py, scalars.py, node.py     what all types share
    fields.py, context.py             how fields are written, what a resolver can reach
    remembered.py  answers about one customer, kept until it changes
    recall.py      the same for requests that come word for word again
    execution.py   executes operations: planned fields in one statement, the rest by graphql-core
    planned.py     the schema as the planner sees it
    masking.py     how they are read for whoever asks: masked, refused or as they stand
    asked.py       arguments of planned fields -> clauses and parameters
    asked_changes.py, paging.py   the same for what happened to identity; pages of planned lists
    listing.py     arguments of the list of customers
    errors.py      problems -> UserError
    failures.py    everything else -> top-level errors
    limits.py, cost.py   depth, copies, directives; what an operation costs
    http.py, server.py   routes; the server that answers them
    tracking.py    what SDKs send, by their own wire format
    answering.py   an operation -> its answer, or the answers of a subscription
    live.py        connections that stay open: how many, and their end
    sockets.py, transport_ws.py   WebSockets; what their messages say
    streams.py, reservations.py   server-sent events: one operation a stream; several on one that was reserved
    subscriptions.py   how subscriptions are written
    operations.py, negotiation.py   what a request asks, limits on bodies; media types, status codes
    principals.py, tokens.py, access.py   who is asking, visitors' tokens, what each field needs
    me.py          who asks; the visitor's own page
    trusted.py, refusals.py   stored operations; requests that are no operation
    caching.py, compression.py, cors.py   304, smaller answers, other sites' pages

Start with queries.py.
"""
