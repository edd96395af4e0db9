"""``freeze``: write down what is installed, for the project's own lock or as a file to give away.

From the live environment, never from what a lock hopes for; every written file was resolved first.
"""

from __future__ import annotations

from mlenv.services.freeze.story import FreezeWish, freeze

__all__ = ["FreezeWish", "freeze"]
