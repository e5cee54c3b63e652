"""What became different, told to those who wait for it. Never derives a change, never reads by itself.

    polled.py   values that are read again and again, once for all who follow them
    choice.py   which changes somebody wants, and whom they follow: pure
    feed.py     changes in order without gaps, read once for all who follow them

Who follows a value gets the latest one, not each in between; who follows the feed
gets every change. Neither lets a slow follower hold memory or others up.
"""
