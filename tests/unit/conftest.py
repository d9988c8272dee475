"""What the tests of values have in common."""

from hypothesis import settings

# A busy machine is no fault of the code.
settings.register_profile("values", deadline=None)
settings.load_profile("values")
