from seraphim.discord.whereabouts import Place, Whereabouts

LOFT, CELLAR, ME = 10, 11, 99


def test_people_come_move_and_go() -> None:
    known = Whereabouts(ME)
    known.move(1, Place(5, LOFT, "s"))
    known.move(1, Place(5, CELLAR, "s"))
    assert known.channel(1, 5) == CELLAR
    assert known.crowd(1, LOFT) == 0
    known.leave(1, 5)
    assert known.channel(1, 5) is None


def test_a_guild_that_arrives_again_has_no_ghosts() -> None:
    known = Whereabouts(ME)
    known.move(1, Place(5, LOFT, "s"))
    known.move(1, Place(6, LOFT, "s"))
    known.arrive(1, [Place(6, CELLAR, "t")])
    assert known.channel(1, 5) is None
    assert known.crowd(1, CELLAR) == 1
    known.arrive(1, [])
    assert known.place(1, 6) is None


def test_who_is_unknown_is_nowhere() -> None:
    known = Whereabouts(ME)
    known.leave(1, 5)
    assert known.channel(1, 5) is None


def test_a_guild_that_has_arrived_is_known_as_a_whole() -> None:
    known = Whereabouts(ME)
    assert not known.knows(1, 5)
    known.arrive(1, [])
    assert known.knows(1, 5)
    assert known.knows(1, ME)


def test_of_a_guild_that_has_not_arrived_those_are_known_who_move() -> None:
    known = Whereabouts(ME)
    known.move(1, Place(5, LOFT, "s"))
    assert known.knows(1, 5)
    assert not known.knows(1, 6)
    known.leave(1, 5)
    assert not known.knows(1, 5)
    known.leave(1, ME)
    assert known.knows(1, ME)
    assert known.place(1, ME) is None


def test_an_answer_counts_unless_the_gateway_has_said_something_newer() -> None:
    known = Whereabouts(ME)
    known.ask(1, 5)
    known.answer(1, 5, Place(5, LOFT, "s"))
    assert known.channel(1, 5) == LOFT

    known.ask(1, 6)
    known.move(1, Place(6, CELLAR, "s"))
    known.answer(1, 6, Place(6, LOFT, "s"))
    assert known.channel(1, 6) == CELLAR

    known.ask(1, 7)
    known.leave(1, 7)
    known.answer(1, 7, Place(7, LOFT, "s"))
    assert known.channel(1, 7) is None

    known.ask(1, 8)
    known.arrive(1, [])
    known.answer(1, 8, Place(8, LOFT, "s"))
    assert known.channel(1, 8) is None


def test_an_answer_that_they_are_nowhere_is_asked_for_again() -> None:
    known = Whereabouts(ME)
    known.ask(1, 5)
    known.answer(1, 5, None)
    assert not known.knows(1, 5)


def test_seats_are_where_we_are_or_are_supposed_to_be() -> None:
    known = Whereabouts(ME)
    known.expect_seats([1, 2, 3])
    known.arrive(1, [Place(5, LOFT, "s")])
    known.leave(2, ME)
    known.move(4, Place(ME, LOFT, "s"))
    known.move(4, Place(5, LOFT, "s"))
    known.arrive(5, [Place(ME, LOFT, "s")])
    assert known.seats == {3, 4, 5}
    assert known.guilds == {1, 2, 4, 5}


def test_a_session_never_stands_in_a_log() -> None:
    assert "secret-session" not in repr(Place(5, LOFT, "secret-session"))
