"""Reads the Sphinx roles of the docstrings for the site: :class:`~vasari.motion.Controls` is `Controls`."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):`(~?)([\w.]+)`")


class Roles(griffe.Extension):
    """Turns each role into code: the whole name, or its last part after a ``~``."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring:
            obj.docstring.value = _ROLE.sub(_plain, obj.docstring.value).replace("``", "`")


def _plain(role: re.Match[str]) -> str:
    name = role[2].rpartition(".")[2] if role[1] else role[2]
    return f"`{name}`"
