"""How Seraphim meets Lavalink: ongaku, with the parts replaced that would stop the music.

Used as they are: ongaku's client as the container, its REST client, its data types and errors.
Replaced by subclasses: what never reconnects, waits for ever, wakes every player for each event,
or breaks on a value it does not know.
"""
