"""The one shape of sound on Discord: 48 kHz, stereo, Opus frames of 20 ms."""

SAMPLE_RATE = 48_000
CHANNELS = 2

FRAME_MS = 20
FRAMES_PER_SECOND = 1000 // FRAME_MS
FRAME_SAMPLES = SAMPLE_RATE // FRAMES_PER_SECOND
"""Samples of one channel in a frame: what the RTP timestamp grows by."""

SILENCE = b"\xf8\xff\xfe"
"""An Opus frame of silence."""

SILENCE_FRAMES = 5
"""How many of them end a stretch of sound, so that decoders do not interpolate into the pause."""
