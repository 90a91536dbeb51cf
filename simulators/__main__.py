"""`python -m simulators PLANT`."""

import sys

from simulators.runner import main

sys.exit(main())
