"""Discord's voice side on loopback: certificate, gateway, UDP, decryption, and what was heard.

    authority = CertificateAuthority()
    heard: dict[int, Heard] = defaultdict(Heard)
    region = VoiceServer(authority, heard=heard.__getitem__)
    await region.start()
    region.expect(guild_id=1, channel_id=2, user_id=3, session_id="…", token="…")
    # VOICE_SERVER_UPDATE tells the client `region.endpoint` and the token …
    await heard[2].until_audible()

Everything after the datagram's arrival is written here anew (packet parser, decryption, decoding)
and shares nothing with the audio node: two ends that share a mistake would understand each other
and nobody else.
"""

from seraphim.sandbox.voice.certificates import CertificateAuthority
from seraphim.sandbox.voice.group import DavePolicy, Group
from seraphim.sandbox.voice.heard import Continuity, Heard, Mark, Packet, Violation
from seraphim.sandbox.voice.server import Troubles, VoiceServer

__all__ = (
    "CertificateAuthority",
    "Continuity",
    "DavePolicy",
    "Group",
    "Heard",
    "Mark",
    "Packet",
    "Troubles",
    "Violation",
    "VoiceServer",
)
