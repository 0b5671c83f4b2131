"""How sound gets into a voice channel: the voice gateway, UDP and encryption.

It knows nothing of tracks and players: credentials go in, then Opus frames, one each 20 ms; out
come "ready" and "closed".
"""

from seraphim.audio_node.voice.connection import VoiceConnection, VoiceCredentials, VoiceListener
from seraphim.audio_node.voice.gateway import Closed

__all__ = ["Closed", "VoiceConnection", "VoiceCredentials", "VoiceListener"]
