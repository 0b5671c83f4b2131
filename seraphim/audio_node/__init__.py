"""A small audio node of Seraphim's own, speaking the part of Lavalink v4 that Seraphim uses.

It is what plays when no Lavalink is configured: a process apart, on loopback, that needs no Java
and no set-up, and that plays on while the bot restarts. It knows the bot not at all; whoever speaks
Lavalink's protocol can use it. Inside, sound goes from `sources` (where a track's bytes are)
through `decoders` (processes that make Opus frames of them) to a `player`, which the one `pacer`
asks for a frame each 20 ms, and by `voice` to Discord. `session` and `server` are the way to the
client.
"""
