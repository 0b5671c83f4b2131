import tempfile
from collections.abc import Iterator

import pytest

from seraphim.audio_node.decoder.gate import Gate, Turn
from seraphim.audio_node.decoder.slate import Slate


@pytest.fixture
def slate() -> Iterator[Slate]:
    with tempfile.TemporaryFile() as memory:
        memory.truncate(Slate.SIZE)
        slate = Slate(memory.fileno())
    yield slate
    slate.close()


@pytest.fixture
def gate(slate: Slate) -> Gate:
    return Gate(slate)


@pytest.fixture
def turn(gate: Gate) -> Iterator[Turn]:
    """A turn that was taken, with patience enough for a busy machine."""
    with Turn(gate, 1, patience=30.0) as turn:
        yield turn
