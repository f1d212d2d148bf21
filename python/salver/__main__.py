"""`python -m salver` is the `salver` command."""

import sys

from salver.cli import main

if __name__ == "__main__":
    sys.exit(main())
