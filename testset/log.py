"""What the building of the test set has to tell."""

from __future__ import annotations

import sys


class Log:
    """What went wrong, printed as it happens and summed up at the end."""

    def __init__(self) -> None:
        self.left_out: list[str] = []
        self.wrong: list[str] = []
        self.differs: list[str] = []

    def leave_out(self, name: str, why: object) -> None:
        """Something cannot be had here."""
        self.left_out.append(name)
        print(f"left out {name}: {why}", file=sys.stderr)

    def is_wrong(self, name: str, why: object) -> None:
        """A source is not what was frozen."""
        self.wrong.append(name)
        print(f"WRONG {name}: {why}", file=sys.stderr)

    def is_different(self, name: str) -> None:
        """A result is not bit for bit what was frozen."""
        self.differs.append(name)
        print(f"differs {name}: same source, other result", file=sys.stderr)
