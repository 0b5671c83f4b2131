from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.filters import (
    NAMES,
    Filters,
    Loudness,
    Sound,
    Timescale,
    Tremolo,
    WrongFilter,
)

EVERYTHING: dict[str, Any] = {
    "volume": 0.5,
    "equalizer": [{"band": 0, "gain": 0.25}, {"band": 14, "gain": -0.25}],
    "karaoke": {"level": 1.0, "monoLevel": 0.5, "filterBand": 220.0, "filterWidth": 100.0},
    "timescale": {"speed": 1.5, "pitch": 0.8, "rate": 1.1},
    "tremolo": {"frequency": 2.0, "depth": 0.5},
    "vibrato": {"frequency": 14.0, "depth": 1.0},
    "rotation": {"rotationHz": 0.2},
    "distortion": {
        "sinOffset": 0.0, "sinScale": 1.0, "cosOffset": 0.0, "cosScale": 1.0,
        "tanOffset": 0.0, "tanScale": 1.0, "offset": 0.0, "scale": 2.0,
    },
    "channelMix": {
        "leftToLeft": 0.5, "leftToRight": 0.5, "rightToLeft": 0.5, "rightToRight": 0.5,
    },
    "lowPass": {"smoothing": 20.0},
    "pluginFilters": {"loudness": {"target": -16.0}},
}  # fmt: skip


def test_every_filter_is_told_as_it_was_asked_for() -> None:
    assert Filters.read(EVERYTHING).json == EVERYTHING
    assert {*EVERYTHING, "loudness"} - {"pluginFilters"} == set(NAMES)


def test_what_is_left_out_of_a_filter_has_lavalinks_default() -> None:
    asked = {"tremolo": {}, "lowPass": {}, "equalizer": [{"band": 3}]}
    assert Filters.read(asked).json == {
        "tremolo": {"frequency": 2.0, "depth": 0.5},
        "lowPass": {"smoothing": 20.0},
        "equalizer": [{"band": 3, "gain": 1.0}],
    }


def test_null_and_what_nobody_knows_are_no_filters() -> None:
    nullable = EVERYTHING.keys() - {"volume", "equalizer"}
    asked = dict.fromkeys(nullable) | {"echo": {"delay": 1}, "pluginFilters": {"echo": {}}}
    assert Filters.read(asked) == Filters()
    assert Filters().json == {}


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ([], "filters must be an object"),
        ({"volume": "1"}, "filters.volume must be a number"),
        ({"volume": None}, "filters.volume must be a number"),
        ({"equalizer": None}, "filters.equalizer must be a list"),
        ({"volume": True}, "filters.volume must be a number"),
        ({"volume": -0.1}, "filters.volume must be at least 0 and at most 5"),
        ({"volume": 5.1}, "filters.volume"),
        ({"equalizer": {}}, "filters.equalizer must be a list"),
        ({"equalizer": [3]}, r"filters.equalizer\[0\] must be an object"),
        ({"equalizer": [{"band": 0}, {"gain": 0.1}]}, r"equalizer\[1\].band"),
        ({"equalizer": [{"band": 15, "gain": 0}]}, r"band must be a whole number from 0 to 14"),
        ({"equalizer": [{"band": -1, "gain": 0}]}, r"equalizer\[0\].band"),
        ({"equalizer": [{"band": 1.0, "gain": 0}]}, r"equalizer\[0\].band"),
        ({"equalizer": [{"band": 1, "gain": 1.01}]}, "at least -0.25 and at most 1"),
        ({"karaoke": {"level": 1.5}}, "karaoke.level"),
        ({"karaoke": {"filterWidth": 0}}, "karaoke.filterWidth must be greater than 0"),
        ({"timescale": {"speed": 0}}, "timescale.speed must be greater than 0"),
        ({"timescale": {"rate": 0.01}}, "between 0.05 and 20"),
        ({"timescale": {"pitch": 5, "rate": 5}}, "between 0.05 and 20"),
        ({"tremolo": {"frequency": 0}}, "tremolo.frequency must be greater than 0"),
        ({"tremolo": {"depth": 1.1}}, "tremolo.depth"),
        ({"vibrato": {"frequency": 14.1}}, "greater than 0 and at most 14"),
        ({"rotation": {"rotationHz": None}}, "rotation.rotationHz must be a number"),
        ({"distortion": 1}, "filters.distortion must be an object"),
        ({"distortion": {"sinScale": float("nan")}}, "sinScale must be finite"),
        ({"channelMix": {"leftToLeft": 2}}, "channelMix.leftToLeft"),
        ({"lowPass": {"smoothing": float("inf")}}, "smoothing must be finite"),
        ({"volume": 10**400}, "volume must be finite"),
        ({"pluginFilters": {"loudness": {"target": 0}}}, "pluginFilters.loudness.target"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_name(filters: Any, named: str) -> None:
    with pytest.raises(WrongFilter, match=named):
        Filters.read(filters)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"volume": 1.0},
        {"equalizer": []},
        {"equalizer": [{"band": 3, "gain": 0.5}, {"band": 3, "gain": 0}]},
        {"timescale": {}},
        {"tremolo": {"depth": 0}},
        {"vibrato": {"depth": 0}},
        {"rotation": {}},
        {"distortion": {}},
        {"channelMix": {}},
        {"lowPass": {"smoothing": 1}},
    ],
)
def test_what_changes_nothing_leaves_the_sound_plain(filters: Any) -> None:
    assert Sound(100, Filters.read(filters)).plain


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_makes_another_sound(name: str) -> None:
    plugins = EVERYTHING["pluginFilters"]
    asked = {"pluginFilters": plugins} if name == "loudness" else {name: EVERYTHING[name]}
    sound = Sound(100, Filters.read(asked))
    assert not sound.plain
    assert sound.alters != Sound().alters


def test_volume_and_volume_filter_are_one_gain() -> None:
    assert Sound(50, Filters(volume=0.5)).gain == 0.25
    assert Sound(50, Filters(volume=2.0)).plain
    assert Sound(1000, Filters(volume=5.0)).gain == 10


def test_tempo_is_what_a_second_takes_of_the_media() -> None:
    assert Sound().tempo == 1
    assert Sound(100, Filters(timescale=Timescale(speed=1.5, rate=2, pitch=0.5))).tempo == 3


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "volume": st.floats(0, 5),
            "equalizer": st.lists(
                st.fixed_dictionaries({"band": st.integers(0, 14), "gain": st.floats(-0.25, 1)})
            ),
            "tremolo": st.fixed_dictionaries(
                {"frequency": st.floats(0.1, 100), "depth": st.floats(0, 1)}
            ),
            "pluginFilters": st.fixed_dictionaries(
                {"loudness": st.fixed_dictionaries({"target": st.floats(-30, -5)})}
            ),
        },
    )
)
def test_what_is_told_is_read_as_the_same(asked: dict[str, Any]) -> None:
    filters = Filters.read(asked)
    assert Filters.read(filters.json) == filters


def test_filters_that_are_equal_are_the_same_sound() -> None:
    assert (
        Sound(100, Filters(tremolo=Tremolo())).alters
        == Sound(100, Filters.read({"tremolo": {}, "rotation": {"rotationHz": 0}})).alters
    )
    assert Filters.read({"pluginFilters": {"loudness": {}}}).loudness == Loudness(target=-14)
