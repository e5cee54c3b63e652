"""What is expected to arrive. Pure: no I/O, no clock, no database.

    written.py   a plan as YAML -> a plan, or what is wrong with it, by line and path
    schemas.py   which words a property's schema may hold
    plan.py      message -> what the plan says against it
    wording.py   what breaks a schema -> sentences without values

Start with `TrackingPlan.judge` in plan.py. What a plan says is told in docs/sources.md.
"""
