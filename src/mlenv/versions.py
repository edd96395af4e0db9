"""Names and versions: PEP 503 and PEP 440, without any library.

Standard library only, Python 3.9+: a project kernel compares versions with this file, and must not depend on the
project's own (perhaps ancient) copy of ``packaging``. Property-tested against ``packaging``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple, Union

if TYPE_CHECKING:
    from typing_extensions import TypeAlias

__all__ = ["Key", "is_name", "key", "normalise", "same", "satisfies"]

_Part: TypeAlias = "Tuple[Union[int, str], ...]"
Key: TypeAlias = "Tuple[int, Tuple[int, ...], _Part, int, _Part, Tuple[_Part, ...]]"

_VERSION = re.compile(
    r"""\s*v?
    (?:(?P<epoch>[0-9]+)!)?
    (?P<release>[0-9]+(?:\.[0-9]+)*)
    (?P<pre>[-_.]?(?P<pre_word>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>[0-9]+)?)?
    (?P<post>-(?P<post_bare>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>[0-9]+)?)?
    (?P<dev>[-_.]?dev[-_.]?(?P<dev_number>[0-9]+)?)?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?
    \s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_CLAUSE = re.compile(r"\s*(~=|===|==|!=|<=|>=|<|>)\s*([^,;\s)]+)\s*")
_SEPARATORS = re.compile(r"[-_.]+")
_LONGEST = 4000
_PRE_LETTER = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "preview": "rc", "pre": "rc", "c": "rc", "rc": "rc"}


class _Version(NamedTuple):
    """The parts of one PEP 440 version, each absent part ``None``."""

    epoch: int
    release: Tuple[int, ...]
    pre: Optional[Tuple[str, int]]
    post: Optional[int]
    dev: Optional[int]
    local: Tuple[Union[int, str], ...]


def normalise(name: str) -> str:
    """Return the name as indexes compare it: lower case, runs of ``-``, ``_`` and ``.`` as one ``-``.

    Source: PEP 503. Touches nothing.
    """
    return _SEPARATORS.sub("-", name).lower()


def is_name(text: str) -> bool:
    """Return whether a text is a name as PEP 508 has it: of a package, an extra, a group. Touches nothing."""
    return len(text) <= 256 and _NAME.fullmatch(text) is not None


def key(text: str) -> Key | None:
    """Return what sorts versions in PEP 440 order, or ``None`` where the text is no version.

    Equal keys mean equal versions (``1.0`` and ``1.0.0``), the local part included.
    Source: PEP 440, "Summary of permitted suffixes and relative ordering".
    """
    version = _parse(text)
    return None if version is None else _key(version)


def same(a: str, b: str) -> bool:
    """Say whether two texts mean the same version, the local part included (``1.0`` is ``1.0.0``, not ``1.0+cpu``).

    Where one of them is no PEP 440 version the texts decide. Cost: nothing where the texts are equal.
    """
    if a == b:
        return True
    first = key(a)
    return first is not None and first == key(b)


def satisfies(version: str, specifiers: str) -> bool | None:
    """Say whether a version lies in a PEP 440 comma list (``>=1.2,<2``, ``~=1.4``, ``==1.*``, ``===x``, ``!=1.5``).

    Pre-releases count like any other version: the question is what a lock holds, not what a resolver would pick.

    Returns:
        ``None`` where it cannot be told: a version or a specifier that PEP 440 does not know.

    Source: PEP 440, "Version specifiers".
    """
    answers = [_clause(version, clause) for clause in specifiers.split(",") if clause.strip()]
    if None in answers:
        return None
    return all(answers)


def _parse(text: str) -> _Version | None:
    # Python reads no number of more than 4,300 digits; a version of that length is none.
    match = _VERSION.fullmatch(text) if len(text) < _LONGEST else None
    if match is None:
        return None
    word = match["pre_word"]
    return _Version(
        epoch=int(match["epoch"] or 0),
        release=tuple(int(part) for part in match["release"].split(".")),
        pre=(_PRE_LETTER[word.lower()], int(match["pre_number"] or 0)) if word else None,
        post=int(match["post_bare"] or match["post_number"] or 0) if match["post"] else None,
        dev=int(match["dev_number"] or 0) if match["dev"] else None,
        local=tuple(int(part) if part.isdigit() else part for part in _SEPARATORS.split((match["local"] or "").lower()))
        if match["local"]
        else (),
    )


def _key(version: _Version) -> Key:
    pre: _Part
    if version.pre is not None:
        pre = (0, *version.pre)
    elif version.post is None and version.dev is not None:
        pre = (-1,)  # 1.0.dev1 comes before 1.0a1
    else:
        pre = (1,)
    return (
        version.epoch,
        _trimmed(version.release),
        pre,
        -1 if version.post is None else version.post,
        (1,) if version.dev is None else (0, version.dev),
        tuple((1, part, "") if isinstance(part, int) else (0, 0, part) for part in version.local),
    )


def _trimmed(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end > 0 and release[end - 1] == 0:
        end -= 1
    return release[:end]


def _clause(text: str, clause: str) -> bool | None:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return None
    operator, wanted = match[1], match[2]
    if operator == "===":
        return text.lower() == wanted.lower()
    version = _parse(text)
    if version is None:
        return None
    if wanted.endswith(".*"):
        return _prefix_clause(version, operator, wanted[:-2])
    bound = _parse(wanted)
    if bound is None or (bound.local and operator not in ("==", "!=")):
        return None
    return _ordered(version, operator, bound)


def _prefix_clause(version: _Version, operator: str, prefix: str) -> bool | None:
    bound = _parse(prefix)
    if bound is None or operator not in ("==", "!="):
        return None
    if bound != _Version(bound.epoch, bound.release, None, None, None, ()):
        return None  # a wildcard stands behind a plain release only
    return _starts_with(version, bound.epoch, bound.release) == (operator == "==")


def _starts_with(version: _Version, epoch: int, prefix: tuple[int, ...]) -> bool:
    padded = version.release + (0,) * (len(prefix) - len(version.release))
    return version.epoch == epoch and padded[: len(prefix)] == prefix


def _ordered(version: _Version, operator: str, bound: _Version) -> bool | None:
    limit = _key(bound)
    public = _key(version._replace(local=()))
    if operator in ("==", "!="):
        # A specifier without a local part ignores the candidate's: ==2.5.1 accepts 2.5.1+cu121.
        return ((_key(version) if bound.local else public) == limit) == (operator == "==")
    if operator == ">=":
        return public >= limit
    if operator == "<=":
        return public <= limit
    if operator == "<":
        # <2 excludes the pre-releases of 2 itself, of which 2.dev0 is the first.
        return public < (limit if _is_early(bound) else _key(bound._replace(dev=0)))
    if operator == ">":
        return public > limit and not _late_of(version, bound)
    if len(bound.release) < 2:
        return None
    return public >= limit and _starts_with(version, bound.epoch, bound.release[:-1])


def _late_of(version: _Version, bound: _Version) -> bool:
    """Whether a post-release is one of the bound's own: ``>1`` excludes ``1.post1``, ``>1.dev0`` does not."""
    if version.post is None or bound.post is not None or bound.dev is not None:
        return False
    base = _Version(version.epoch, version.release, version.pre, None, None, ())
    return _key(base) == _key(bound)


def _is_early(version: _Version) -> bool:
    return version.pre is not None or version.dev is not None
