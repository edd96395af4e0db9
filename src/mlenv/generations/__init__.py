"""Generations: environments built beside the old one, verified, marked ready, then switched to by one rename.

An environment lives at its final place ``<root>/.mlenv/envs/<id>`` from its first byte (a venv cannot be moved);
``.venv`` is a relative symlink to it. What was there before stays, so ``undo`` is one rename.
"""

from __future__ import annotations

from mlenv.generations.bytecode import carry_bytecode
from mlenv.generations.guard import can_link, clear_place, put_back, reveal, stands
from mlenv.generations.keeping import collect, discard, in_use, unneeded
from mlenv.generations.made import current, new_path, ready, seal, shown
from mlenv.generations.switching import heal, refuse_no_environment, settle, switch
from mlenv.generations.undoing import restore, undoable

__all__ = [
    "can_link",
    "carry_bytecode",
    "clear_place",
    "collect",
    "current",
    "discard",
    "heal",
    "in_use",
    "new_path",
    "put_back",
    "ready",
    "refuse_no_environment",
    "restore",
    "reveal",
    "seal",
    "settle",
    "shown",
    "stands",
    "switch",
    "undoable",
    "unneeded",
]
