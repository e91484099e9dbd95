"""``python -m sbdiag.cli``."""

import sys

from sbdiag.cli import main

raise SystemExit(main(sys.argv[1:] or ["--help"]))
