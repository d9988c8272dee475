"""Proves the library on a real account, and on the local AWS so that the proof cannot rot: `python -m account`.

Not part of the distribution. Scenarios deploy what the README promises; facts measure what the library assumes of AWS.
"""
