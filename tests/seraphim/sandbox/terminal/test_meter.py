import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.terminal.meter import bar, meter
from seraphim.sandbox.terminal.sound import NOTHING, Sound

AURORA = Sound(-20.0, 440.2)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (-96.0, "    "),
        (-60.0, "    "),
        (-30.0, "██  "),
        (-45.0, "█   "),
        (0.0, "████"),
        (3.0, "████"),
    ],
)
def test_the_bar_grows_with_the_level(level: float, shown: str) -> None:
    assert bar(level, 4) == shown


def test_the_meter_tells_level_pitch_track_and_packets() -> None:
    line = meter("Loft", AURORA, 512, 100)
    assert line.startswith("Loft ▕████████████████████          ▏")
    assert line.split("▏")[1].split() == ["-20", "dB", "440", "Hz", "Aurora", "512", "packets"]


def test_silence_has_no_pitch() -> None:
    line = meter("Loft", NOTHING, 512, 100)
    assert "silence" in line
    assert "Hz" not in line


def test_in_a_narrow_terminal_the_last_parts_are_left_out() -> None:
    line = meter("Loft", AURORA, 512, 34)
    assert "dB" in line
    assert "packets" not in line


@given(
    st.floats(-96, 6),
    st.none() | st.floats(50, 1500),
    st.integers(0, 10**9),
    st.integers(0, 200),
    st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=30),
)
def test_the_meter_never_breaks_the_line(
    level: float, pitch: float | None, packets: int, width: int, channel: str
) -> None:
    assert len(meter(channel, Sound(level, pitch), packets, width)) <= width
