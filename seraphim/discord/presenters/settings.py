"""What a server has chosen, setting by setting."""

from collections.abc import Callable, Container, Mapping
from types import MappingProxyType
from typing import Any, Final

from actors.guild.settings import GuildSettings
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card

Words = Callable[[Any, Language], str]


def settings_card(settings: GuildSettings, say: Language, changed: Container[str] = ()) -> Card:
    """Return all settings for who asked alone; those that were `changed` are marked."""
    lines = [
        say(
            "setting-changed" if name in changed else "setting-line",
            name=say(f"choice-setting-{name.replace('_', '-')}"),
            value=words(getattr(settings, name), say),
        )
        for name, words in _WORDS.items()
    ]
    return card(say("phrase-settings"), "\n".join(lines), private=True)


def dj_card(user: int, settings: GuildSettings, say: Language, *, changed: bool) -> Card:
    """Return whether the user is a DJ now, for who asked alone."""
    state = "yes" if user in settings.djs else "no"
    name = "dj-set" if changed else "dj-already"
    return card(say("phrase-settings"), say(name, member=f"<@{user}>", state=state), private=True)


def _role(role: int | None, say: Language) -> str:
    return say("setting-none") if role is None else f"<@&{role}>"


def _members(members: tuple[int, ...], say: Language) -> str:
    return say.listed(f"<@{member}>" for member in members) or say("setting-none")


def _channel(channel: int | None, say: Language) -> str:
    return say("setting-any-channel") if channel is None else f"<#{channel}>"


def _channels(channels: tuple[int, ...], say: Language) -> str:
    return say.listed(f"<#{channel}>" for channel in channels) or say("setting-all-channels")


def _percent(value: int | None, say: Language) -> str:
    return say("setting-operators") if value is None else say.percent(value)


def _minutes(value: int | None, say: Language) -> str:
    return say("setting-no-limit") if value is None else say.minutes(value)


def _number(value: int, say: Language) -> str:
    return say.number(value)


def _switch(on: bool, say: Language) -> str:
    return say("setting-on" if on else "setting-off")


def _choice(option: str) -> Words:
    def words(value: str | None, say: Language) -> str:
        return say(f"choice-{option}-{(value or 'server').lower()}")

    return words


def _sources(sources: tuple[str, ...], say: Language) -> str:
    return ", ".join(sources)


_WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "dj_role": _role,
        "djs": _members,
        "default_volume": _percent,
        "maximum_volume": _percent,
        "vote_share": _percent,
        "alone_minutes": _minutes,
        "stay": _switch,
        "announce": _choice("announce"),
        "language": _choice("language"),
        "request_channel": _channel,
        "allowed_channels": _channels,
        "longest_track_minutes": _minutes,
        "longest_queue": _number,
        "sources": _sources,
        "fair": _switch,
        "channel_status": _switch,
    }
)
SHOWN: Final = tuple(_WORDS)
"""The settings in the order in which they are shown, by their names in `GuildSettings`."""
