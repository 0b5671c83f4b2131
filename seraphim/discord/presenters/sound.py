"""How it sounds, in words."""

from actors.guild.player.sound import PLAIN, UNCHANGED, Preset, Sound
from seraphim.discord.language.language import Language


def described(sound: Sound, say: Language) -> str:
    """Return a sound in a line: its preset, and the speed and the pitch that people have set."""
    if sound == PLAIN:
        return say("sound-plain")
    facts: list[str] = []
    if sound.preset is not Preset.OFF:
        facts.append(say(f"choice-filter-{'-'.join(sound.preset.lower().split())}"))
    if sound.speed != UNCHANGED:
        facts.append(say("sound-speed", speed=say.percent(sound.speed)))
    if sound.pitch != UNCHANGED:
        facts.append(say("sound-pitch", pitch=say.percent(sound.pitch)))
    return say.listed(facts)
