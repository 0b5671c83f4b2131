"""How it sounds and what plays again: loop, filter, speed, pitch, autoplay, and staying."""

from dataclasses import replace

from actors.guild.player import autoplay, playback
from actors.guild.player.messages import (
    AutoplaySet,
    LoopSet,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SoundSet,
    StaySet,
)
from actors.guild.player.sound import FASTEST, HIGHEST, LOWEST, PLAIN, SLOWEST, Preset, Sound
from actors.guild.player.turn import Turn
from actors.guild.refusal import Code, Refused


def wanted(sound: Sound, message: SetFilter | SetSpeed | SetPitch) -> Sound:
    """Return what `sound` is to become."""
    match message:
        case SetFilter(_, preset):
            return PLAIN if preset is Preset.OFF else replace(sound, preset=preset)
        case SetSpeed(_, speed):
            return replace(sound, speed=speed)
        case SetPitch(_, pitch):
            return replace(sound, pitch=pitch)


def set_filter(turn: Turn, message: SetFilter) -> SoundSet:
    """Choose a preset."""
    return _sound(turn, message)


def set_speed(turn: Turn, message: SetSpeed) -> SoundSet | Refused:
    """Set the speed."""
    if not SLOWEST <= message.speed <= FASTEST:
        return Refused(Code.OUT_OF_RANGE, {"lowest": SLOWEST, "highest": FASTEST})
    return _sound(turn, message)


def set_pitch(turn: Turn, message: SetPitch) -> SoundSet | Refused:
    """Set the pitch."""
    if not LOWEST <= message.pitch <= HIGHEST:
        return Refused(Code.OUT_OF_RANGE, {"lowest": LOWEST, "highest": HIGHEST})
    return _sound(turn, message)


def _sound(turn: Turn, message: SetFilter | SetSpeed | SetPitch) -> SoundSet:
    before = turn.state.sound
    sound = wanted(before, message)
    if sound != before:
        playback.sound(turn, sound)
    return SoundSet(sound, before)


def set_loop(turn: Turn, message: SetLoop) -> LoopSet:
    """Say what plays again; the node hears of it as of any change of what is next."""
    changed = turn.state.loop is not message.loop
    turn.change(loop=message.loop)
    return LoopSet(message.loop, changed)


def set_autoplay(turn: Turn, message: SetAutoplay) -> AutoplaySet:
    """Say whether the music goes on by itself; if nothing plays, it does so now."""
    changed = turn.state.autoplay is not message.on
    turn.change(autoplay=message.on)
    state = turn.state
    if not message.on:
        turn.change(choosing=None)
    elif changed and state.current is None and not state.queue and state.voice.credentials:
        autoplay.begin(turn)
    return AutoplaySet(message.on, changed)


def set_stay(turn: Turn, message: SetStay) -> StaySet:
    """Answer that it may be so; it is when the settings say so."""
    return StaySet(message.on, turn.state.settings.stay is not message.on)
