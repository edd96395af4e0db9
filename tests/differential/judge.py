"""Where a tool's answer and mlenv's differ; nothing where they agree."""

from __future__ import annotations

from differential.said import Said

__all__ = ["differences", "verdict_of"]


def differences(tool: Said, mlenv: Said, untold: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return one line per difference: ``only mlenv: idna source``, ``lock: the tool says fresh, mlenv stale``.

    Args:
        tool: what the tool said; what it does not tell is not compared.
        mlenv: what mlenv said.
        untold: kinds of rows that this tool never tells.
    """
    found = set()
    if tool.lock is not None and tool.lock != mlenv.lock:
        found.add(f"lock: the tool says {tool.lock}, mlenv {mlenv.lock}")
    if tool.environment is not None and tool.environment != mlenv.environment:
        found.add(f"environment: the tool says {tool.environment}, mlenv {mlenv.environment}")
    if tool.rows is not None and mlenv.rows is not None and mlenv.environment not in ("none", "broken"):
        theirs = {row for row in tool.rows if row[0] not in mlenv.restated}
        ours = {row for row in mlenv.rows if row[1] not in untold and row[0] not in mlenv.restated}
        found |= {f"only the tool: {' '.join(row)}" for row in theirs - ours}
        found |= {f"only mlenv: {' '.join(row)}" for row in ours - theirs}
    expected = verdict_of(mlenv)
    if mlenv.verdict != expected:
        found.add(f"verdict: {mlenv.verdict}, though what was found asks for {expected}")
    return frozenset(found)


def verdict_of(said: Said) -> str:
    """Return the verdict that an answer asks for, by the order of verdicts."""
    kinds = {kind for _, kind in said.rows or ()}
    if said.environment == "broken" or "damaged" in kinds:
        return "broken"
    if said.environment == "none":
        return "no-env"
    if said.lock == "stale":
        return "relock"
    if said.environment == "python" or kinds - {"undecidable"}:
        return "sync"
    if "undecidable" in kinds:
        return "unknown"
    return {"none": "unlocked", "fresh": "in-step", None: "in-step"}.get(said.lock, said.verdict)
