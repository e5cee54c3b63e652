"""From a question to one Cypher statement. Pure: nothing here awaits, knows the driver or the clock.

    where.py     a condition on a customer -> Cypher condition and parameters
    members.py   conditions in their frames: who meets one, who is and who should be in segments

Start with `condition` in where.py. Values are always parameters; a
statement's text depends on the shape of the question alone, so that Neo4j
plans each shape once.
"""
