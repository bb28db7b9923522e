"""Worker processes: how they are started, led, and what they do."""
