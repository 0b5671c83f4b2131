"""Who may control the music: whoever listens to it."""

from actors.guild.player.messages import Member
from actors.guild.refusal import Code, Refused


def misplaced(ours: int | None, by: Member) -> Refused | None:
    """Return the refusal of a member who is not in the bot's voice channel, None if they are.

    `ours` is the bot's channel; while it is in none, any voice channel will do.
    """
    if by.voice_channel is None:
        return Refused(Code.JOIN_A_CHANNEL)
    if ours is not None and ours != by.voice_channel:
        return Refused(Code.SAME_CHANNEL, {"channel": ours})
    return None
