"""Changes carried to other systems. Never derives a change. Source: docs/webhooks.md, docs/destinations.md.

    shape.py        a change as other systems get it
    destination.py  what a destination is, how its plug-in is found
    webhook.py, file.py, kafka.py   the destinations that come along
    signing.py      signed by Standard Webhooks
    http.py         posts to places that others name
    lanes.py        which changes may be told now: each customer's in order
    backoff.py      when what failed is tried again
    worker.py       one webhook: each change by itself, kept until it is over
    outlet.py       one configured destination: batches, in the order of the feed
    configured.py   the file of destinations
    supervisor.py   which of them this process delivers for

Start with worker.py, or with destination.py to add one.
"""
