"""Real data as messages. Reads only files that ship with the package; never a database, never a clock.

complete_journey.py  the grocery data -> messages, in the order of time
tour.py              what the demo shows: segments to create, operations to try
data/                the files, each folder with a note on where they come from
"""
