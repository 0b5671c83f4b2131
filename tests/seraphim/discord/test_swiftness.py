from seraphim.discord.swiftness import AT_ONCE, PER_SECOND, Swiftness


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_some_at_once_are_fine_and_then_one_after_the_other() -> None:
    clock = Clock()
    swiftness = Swiftness(clock)
    assert [swiftness.take(7) for _ in range(AT_ONCE)] == [0] * AT_ONCE
    assert swiftness.take(7) == 1
    clock.now += 1 / PER_SECOND
    assert swiftness.take(7) == 0
    assert swiftness.take(7) == 1


def test_who_is_refused_does_not_wait_the_longer_for_it() -> None:
    clock = Clock()
    swiftness = Swiftness(clock)
    for _ in range(100):
        swiftness.take(7)
    clock.now += 1 / PER_SECOND
    assert swiftness.take(7) == 0


def test_nobody_waits_for_anybody_else() -> None:
    swiftness = Swiftness(Clock())
    for _ in range(AT_ONCE + 1):
        swiftness.take(7)
    assert swiftness.take(8) == 0


def test_nobody_is_remembered_for_long() -> None:
    clock = Clock()
    swiftness = Swiftness(clock)
    for user in range(1000):
        swiftness.take(user)
    clock.now += AT_ONCE / PER_SECOND
    swiftness.take(5000)
    assert len(swiftness._full_at) == 1
