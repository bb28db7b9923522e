"""The `seewhy` command: `commands` holds the everyday ones, the other files one group of commands each."""

from dashboard.cli.commands import main

__all__ = ["main"]
