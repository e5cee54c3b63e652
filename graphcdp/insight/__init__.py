"""What customers do, in numbers, and the groups in it. Pure: numbers in, proposals out.

    behaviour.py  one customer's numbers
    frequent.py   which values of a trait are looked at
    rules.py      parts of rules that people can edit, and the moment that windows reach back from
    columns.py    the same numbers of all customers, with the tests that rules can state
    rfm.py        recency, frequency, monetary value: the ten named groups
    movement.py   who does more than before, and less
    clusters.py   groups that behave alike, when there are any
    tree.py       from a group to a small rule
    proposals.py  how good a group is, and which are proposed
    discovery.py  all of it: behaviours -> groups -> proposals
    facts.py      yes and no of a customer, in words; what sets a group apart
    vectors.py    facts -> vectors whose nearness is being alike

Start with `groups_in` in discovery.py. Only facts.py, vectors.py and what they
need go without NumPy; the others need the extra `discovery`, and scikit-learn is imported when it is used.
"""
