"""Where a node is, and how it is entered."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node's address. The password is a secret and stands in no repr."""

    host: str
    port: int
    password: str = field(repr=False)
    secure: bool = False
