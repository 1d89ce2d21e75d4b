"""Hypothesis without deadlines: no test of measures asserts a time."""

import hypothesis

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
