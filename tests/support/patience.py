"""How long a test waits for what it knows must come."""

HUNG_SECONDS = 900.0
"""Whatever takes longer counts as hung. No measure of speed: the whole suite takes eight minutes on
two cores, and a single step of it may take as long where the machine does other work."""
