"""``python -m dashboard.cli``: the same as ``seewhy``."""

from dashboard.cli import main

main()
