"""The parts that all ways share, without a job: what of a synthesis no way of writing jobs can save."""

from common import synthesize

synthesize(lambda _given, _names: None)
