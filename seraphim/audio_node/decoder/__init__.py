"""The decoder process: it opens media and makes Opus frames of it, a thread a track.

A process apart, because 60 threads in PyAV and a pacer that must wake every 20 ms cannot share one
GIL, and because this is where bytes from strangers meet C code: it holds no keys, can be killed at
any time, and the node opens its tracks again elsewhere.

`wire` is the language it speaks with the node, `gate` keeps its threads from treading on each
other, `readers` and `web` bring the bytes, `address_guard` says from where they may come, and
`worker` is the thread that does it for one track. `frames` makes Opus of media: with `packets`,
which remembers what was read, `effects` and `levelling`, which change the sound, and `encoder`,
which goes over from one sound to another. `process` is the other end: the node's hold on one such
process. Only `worker` and what it leans on import PyAV; the node imports none of that.
"""
