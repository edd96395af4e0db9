"""The growth of a check with the number of packages, as a picture for the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["draw"]

_LINES = (
    ("pip freeze", "pip freeze", "#b0413e"),
    ("uv sync --check", "uv sync --check", "#5f7a3a"),
    ("mlenv check", "mlenv check (command)", "#2f6fab"),
    ("in a kernel, after an installation", "mlenv, in the kernel, after an installation", "#2f6fab"),
    ("in a kernel, nothing changed", "mlenv, in the kernel, around every cell", "#2f6fab"),
)
_STYLES = {"mlenv check": "-", "in a kernel, after an installation": "--", "in a kernel, nothing changed": ":"}


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw it: both axes logarithmic, an opaque light ground that a dark page shows as a card.

    Args:
        rows: those of the benchmark ``check`` as they are kept.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.4), dpi=200)
    for key, label, colour in _LINES:
        points = _points(rows, key)
        if points:
            style = _STYLES.get(key, "-")
            axes.plot(*zip(*points, strict=True), style, color=colour, marker="o", markersize=4, linewidth=1.8)
            size, value = points[-1]
            axes.annotate(
                label, (size, value), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=9
            )
    _dress(axes)
    figure.savefig(path, facecolor="#fbfbfa", bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _dress(axes: Any) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([20, 300, 1000, 5000], ["20", "300", "1,000", "5,000"])
    axes.minorticks_off()
    ticks = {1e-5: "10 µs", 1e-4: "0.1 ms", 1e-3: "1 ms", 1e-2: "10 ms", 1e-1: "0.1 s", 1.0: "1 s", 10.0: "10 s"}
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_ylim(5e-6, 12)
    axes.set_facecolor("#fbfbfa")
    axes.set_xlabel("packages in the environment")
    axes.set_title("Is it what the lock says? Time per check", loc="left", fontsize=11)
    axes.grid(axis="y", color="#e3e3e0", linewidth=0.8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)


def _points(rows: Sequence[Mapping[str, Any]], key: str) -> list[tuple[int, float]]:
    """Return (packages, median seconds) of one line: of mlenv by what it does, of a peer by its name."""
    found = {row["size"]: row["ours"] for row in rows if row["what"] == key and row["size"]}
    found |= {row["size"]: row["theirs"] for row in rows if row["peer"] == key and row["what"] == "mlenv check"}
    return sorted(found.items())
