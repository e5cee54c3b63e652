"""One file a command. Never logic.

main.py    the commands together; errors as one line, exit codes
serve.py   serve the API
load.py    import files: what the command takes
importing.py  files recorded one after another
dry_run.py    what that would do
suggest.py    a mapping by looking at a file
mapping.py    the mapping that options and a file state
rejects.py    the file of bad rows
export.py  write files
consume.py  record what a stream brings
produce.py  publish files to a stream
bulk.py       a first load, by Neo4j's own import
demo.py    real data, loaded and served
rules.py   the identity rules: show, check, preview, apply, history
segments.py  segments: list, show, preview, members, versions, revert, archive, restore
segment_jobs.py  the same app with what goes through all customers: discover, check
segment_files.py  the same app with segments as code: validate, diff, apply, export
plan.py    the tracking plan: check
db.py      the embedded database: start, stop, status
sources.py  where messages come from
rejected.py  refused messages: list, replay
keys.py    API keys: create, list, revoke; tokens for tests
webhooks.py  webhooks: create, list, watch, replay
destinations.py  configured destinations: list, replay
tail.py    the feed in a terminal
schema.py  print the GraphQL schema
loop.py    the event loop that commands run on
logs.py    logs for people or machines
progress.py  the download of the embedded database as a bar
"""
