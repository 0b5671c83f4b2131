"""Pages in, tracks and addresses out: yt-dlp, in a process of its own.

`extractor` is the node's side: it starts the worker, asks it, and replaces it. `__main__` is the
worker: it reads pages with yt-dlp, through `pages`, and connects nowhere but where `guard` lets it.
`release` keeps the version of yt-dlp that an operator has fetched.
"""

from seraphim.audio_node.extractor.answers import Address, Collection, Item
from seraphim.audio_node.extractor.extractor import Extractor

__all__ = ["Address", "Collection", "Extractor", "Item"]
