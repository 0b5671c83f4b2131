"""Thousands of hours of many guilds' music, with everything that can go wrong, in a minute.

The whole tree of `actors.root` runs as it is: store, links, guilds, players, panels, intake. Around
it stands a small world that is honest (`discord`, `node`, `storage`, `text`), reached through ports
(`gateway`, `link`, `nodes`) that do what Seraphim's own edges do. A seeded plan (`troubles`) breaks
it in every way that `faults` knows, members (`members`) use it, and a judge (`judge`) looks on.
Time is virtual (`loop`); one seed is one story.

A failure names its seed::

    python -m tests.simulation --seed 42            # the end of its story, and what was wrong
    python -m tests.simulation --seed 42 --story    # all of it
    python -m tests.simulation --first 1000 --hours 5000 --keep-going

A story has a line for each event: the time since the beginning, whom it concerns ("all", or a
guild; when one guild fails, only what concerns it is printed) and what happened. `FAULT` is what
the plan did, or undid. `player hears` are the messages that the guild's player has handled, all but
reports of positions; `is heard` and `is silent` is what comes out of the channel. `VIOLATION`, the
last line, is the judge's. Read from there upwards to the last `FAULT`, and ask of each message in
between what the player should have made of it.
"""
