"""One file a command. Never logic.

main.py    the commands together; errors as one line, exit codes
serve.py   serve the API
load.py    import files
bulk.py    the same as a first load
demo.py    real data, loaded and served
rules.py   the identity rules: show, check, preview, apply, history
db.py      the embedded database: start, stop, status
rejected.py  refused messages: list, replay
keys.py    API keys: create, list, revoke; tokens for tests
schema.py  print the GraphQL schema
logs.py    logs for people or machines
progress.py  the download of the embedded database as a bar
"""
