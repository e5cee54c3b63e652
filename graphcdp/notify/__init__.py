"""What became different, told to those who wait for it. Never derives a change, never reads by itself.

    polled.py   values that are read again and again, once for all who follow them

Whoever follows gets the latest value, not each one in between: what nobody had
time to take is dropped, so that a slow follower holds neither memory nor others up.
"""
