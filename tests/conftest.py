"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A machine that does other work as well makes any example slow: how long one takes says nothing of the code.
settings.register_profile("salver", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("salver")
