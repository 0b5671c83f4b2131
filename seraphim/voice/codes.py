"""What the voice gateway's messages and closes are called."""

from enum import IntEnum, IntFlag


class Opcode(IntEnum):
    """The `op` of a message. From 25 to 30 they travel in binary frames, all others as JSON.

    A binary frame from the server is u16 `seq`, u8 opcode, payload; from the client u8 opcode,
    payload (all big-endian).
    """

    IDENTIFY = 0
    SELECT_PROTOCOL = 1
    READY = 2
    HEARTBEAT = 3
    SESSION_DESCRIPTION = 4
    SPEAKING = 5
    HEARTBEAT_ACK = 6
    RESUME = 7
    HELLO = 8
    RESUMED = 9
    CLIENTS_CONNECT = 11
    CLIENT_DISCONNECT = 13
    DAVE_PREPARE_TRANSITION = 21
    DAVE_EXECUTE_TRANSITION = 22
    DAVE_TRANSITION_READY = 23
    DAVE_PREPARE_EPOCH = 24
    DAVE_MLS_EXTERNAL_SENDER = 25
    DAVE_MLS_KEY_PACKAGE = 26
    DAVE_MLS_PROPOSALS = 27
    DAVE_MLS_COMMIT_WELCOME = 28
    DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION = 29
    DAVE_MLS_WELCOME = 30
    DAVE_MLS_INVALID_COMMIT_WELCOME = 31


class CloseCode(IntEnum):
    """Why the voice gateway closed."""

    NORMAL = 1000
    GOING_AWAY = 1001
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    """The token is wrong."""
    ALREADY_AUTHENTICATED = 4005
    SESSION_INVALID = 4006
    SESSION_TIMEOUT = 4009
    SERVER_NOT_FOUND = 4011
    """The guild is not served here."""
    UNKNOWN_PROTOCOL = 4012
    DISCONNECTED = 4014
    """Kicked, moved, or the channel is gone: the voice state tells which."""
    SERVER_CRASHED = 4015
    """The one after which Discord asks for a resume."""
    UNKNOWN_MODE = 4016
    DAVE_REQUIRED = 4017
    """The client does not speak end-to-end encryption."""
    BAD_REQUEST = 4020
    RATE_LIMITED = 4021
    CALL_TERMINATED = 4022


RESUMABLE = frozenset({CloseCode.GOING_AWAY, CloseCode.SERVER_CRASHED})
"""Closes by the server that leave the session there, as a connection that broke off does."""


class Speaking(IntFlag):
    """The bits of `speaking` in a SPEAKING message."""

    NONE = 0
    MICROPHONE = 1
    SOUNDSHARE = 2
    PRIORITY = 4
