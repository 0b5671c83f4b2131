"""The decoder process: it opens media and makes Opus frames of it, a thread a track.

A process apart, because 60 threads in PyAV and a pacer that must wake every 20 ms cannot share one
GIL, and because this is where bytes from strangers meet C code: it holds no keys, can be killed at
any time, and the node opens its tracks again elsewhere.

`wire` is the language it speaks with the node, `gate` keeps its threads from treading on each
other, `readers` and `web` bring the bytes, `address_guard` says from where they may come, `frames`
makes Opus of them and `worker` is the thread that does it for one track. `process` is the other
end: the node's hold on one such process. Only `frames`, and `worker` through it, import PyAV; the
node imports neither.
"""
