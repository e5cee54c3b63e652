"""Every write: read, decide, apply, in one transaction. Never decides itself.

intake.py      raw messages -> messages in the right shape, or what is wrong
recorder.py    the one write path: batches of messages -> outcomes
foresight.py   what recording would do
pace.py        how fast messages of one customer may come
gathering.py   what arrives together, written together
neighbours.py  locks and reads what a batch touches
remembered.py  customers who come again, and need not be read
apply.py       decided writes -> statements
again.py       who is remembered and only seen again -> one statement
rejections.py  what is kept of a message that cannot be recorded
tries.py       a write again, when another writer was in its way
joins.py       customers united on evidence without a message
parts.py       customers taken apart: components, ids, traits
identity_edits.py  cut, allow, split, undo, unite by hand
conflicts.py   what people decide about refused evidence
consent.py     decisions on consent
erase.py       a customer erased for good
feed.py        what the feed keeps: for how long, and without what was erased
ids.py         makes ids
clock.py       the server's time
segments.py    memberships, kept up to date with each write
segment_builds.py  the members of one segment from all customers, as a job
segment_moments.py  who is looked at again when its moment has come
segment_upkeep.py  what is done for segments now and then
segment_edits.py  segments created, changed, archived and deleted
locked_segments.py  the same within one transaction, with their versions
segment_files.py  segments as YAML files, and all of these applied at once
segment_sizes.py  how many members segments have, hour by hour
keys.py        API keys made and revoked
webhooks.py    webhooks made, changed and deleted
delivering.py  who delivers for a destination; what became of deliveries
rules.py       versions of the identity rules
jobs.py        jobs of any kind: status, lease, cursor, progress
background.py  which kinds of jobs there are; those that a process runs beside its other work
resolution.py  the job that resolves the graph by new rules
resolution_pages.py  what one page of it does
discovery.py   the job that looks for segments in the data
behaviour.py   how customers behave: read, and kept
plan_file.py   the tracking plan as a file
rules_file.py  identity rules as a YAML file
small_files.py the text of small files
mapping.py     which column of a file is what
suggest.py     a mapping, by looking at columns
columns.py     what columns look like
tracking.py    the SDKs' wire format -> a raw message
user_agents.py what a user agent says of browser, system, device
sources.py     what came from each source, counted
shapes.py      a message without its values
rejected.py    refused messages tried again
files.py       CSV, JSON Lines and Parquet -> raw messages
parquet.py     Parquet -> rows of JSON values
load.py        many messages through the recorder
checkpoints.py how far imports of files have come
"""
