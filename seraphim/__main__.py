"""`python -m seraphim`: the same as the `seraphim` command."""

from seraphim.cli import main

raise SystemExit(main())
