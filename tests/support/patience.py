"""How long a test waits for what it knows must come, and what it may say about speed."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

HUNG_SECONDS = 900.0
"""Whatever takes longer counts as hung. No measure of speed: the whole suite takes eight minutes on
two cores, and a single step of it may take as long where the machine does other work."""


def least_cpu(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of CPU that `work` takes at least, of so many runs without the garbage collector.

    For what a hostile text makes explode; a limit for it is 30 times what it takes, or more: the
    neighbours of a busy machine slow a core down, and a collection among the objects of ten
    thousand tests takes half a second of whoever allocates next.
    """
    spent = []
    for _ in range(times):
        gc.disable()
        try:
            begun = time.process_time()
            work()
            spent.append(time.process_time() - begun)
        finally:
            gc.enable()
    return min(spent)
