"""The now-playing panel: one message in a channel, edited in place."""
