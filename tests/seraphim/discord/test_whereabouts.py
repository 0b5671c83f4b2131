from seraphim.discord.whereabouts import Place, Whereabouts

LOFT, CELLAR = 10, 11


def test_people_come_move_and_go() -> None:
    known = Whereabouts()
    known.move(1, Place(5, LOFT, "s"))
    known.move(1, Place(5, CELLAR, "s"))
    assert known.channel(1, 5) == CELLAR
    assert known.crowd(1, LOFT) == 0
    known.leave(1, 5)
    assert known.channel(1, 5) is None


def test_a_guild_that_arrives_again_has_no_ghosts() -> None:
    known = Whereabouts()
    known.move(1, Place(5, LOFT, "s"))
    known.move(1, Place(6, LOFT, "s"))
    known.arrive(1, [Place(6, CELLAR, "t")])
    assert known.channel(1, 5) is None
    assert known.crowd(1, CELLAR) == 1
    known.arrive(1, [])
    assert known.place(1, 6) is None


def test_who_is_unknown_is_nowhere() -> None:
    known = Whereabouts()
    known.leave(1, 5)
    known.forget(1)
    assert known.channel(1, 5) is None


def test_a_session_never_stands_in_a_log() -> None:
    assert "secret-session" not in repr(Place(5, LOFT, "secret-session"))
