"""Answers from the graph: named statements, one for all keys at once. Never writes.

    rows.py        rows for many keys -> one item a key
    pages.py       sizes, directions, keyset cursors
    customers.py   by id, by identifier, what was merged into them
    lists.py       lists of customers: order, search, condition
    search.py      words -> full-text query
    events.py      history of customers, counts, single events
    identities.py  identifiers, devices, links
    explain.py     evidence between two identifiers
    merges.py      the log of merges and splits
    conflicts.py   refused evidence, for review
    history.py     merges, splits and refused evidence of customers in one list
    snapshot.py    customers at a past moment
    sources.py     what came from each source
    rejected.py    messages that could not be taken
    simulation.py  what other rules would do
    previews.py    what uniting customers would do
    keys.py        API keys, hashed
    jobs.py        long work in the background
    catalog.py     names that occur in the data
    consents.py    what customers have consented to
    feed.py        changes in the order of their numbers
    deliveries.py  where changes go, and what became of them there
    segments.py    segments and their members
    lookalikes.py  who behaves alike, and what sets segments apart
    segment_versions.py  what edits made of segments
    segment_sizes.py     how many members they had over time
    segment_members.py   members with chosen fields, page by page
    segment_previews.py  what a rule would select
    export.py      all customers, identifiers, events and memberships, page by page
    export_files.py  the same as files

Each function takes the store and the keys, and answers one item a key, in
their order, so that a loader can gather the keys of a whole request.
"""
