"""What a person asks conda for: one match specification (``conda-forge::numpy >=1.26,<2``).

Source: conda's documentation, "Package match specifications"; ``conda/models/match_spec.py``.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from mlenv.conda_versions import matches
from mlenv.locks.conda_rows import CondaRow, archive_of
from mlenv.locks.place import Place
from mlenv.model import Declared, Pin, value

__all__ = ["CondaSpec", "parse_spec"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|\*")
_PARTS = re.compile(r"([^\s=<>!~\[]+)\s*(.*)$", re.DOTALL)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]\s*$")
_KEYED = re.compile(r"""(\w+)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^,\s]+))""")
_EXACT = re.compile(r"[0-9A-Za-z_.!+-]+")
_LONGEST = 1000
_SAYS_SOMETHING = re.compile(r"[0-9A-Za-z*]")
_AROUND = re.compile(r"\s*([,|]|[<>=!~]=?|~=)\s*")


@value
class CondaSpec:
    """One match specification."""

    name: str
    version: str = ""
    """What it asks of versions, as :func:`mlenv.conda_versions.matches` takes it; empty for any."""
    build: str = ""
    """A build or a pattern (``*_cpython``); empty for any."""
    text: str = ""
    """As written."""

    @property
    def exact(self) -> str:
        """The one version that it allows; empty where it leaves some open."""
        plain = self.version.removeprefix("==")
        return plain if self.version.startswith(("==",)) and _EXACT.fullmatch(plain) else ""

    @property
    def pinned(self) -> bool:
        """Whether it says a version, be it as ``=1.26``, which takes ``1.26.4``, too."""
        return bool(self.exact or (self.version[:1] == "=" and _EXACT.fullmatch(self.version[1:])))

    def row(self) -> CondaRow:
        """Return it as a row of a lock."""
        build = self.build if "*" not in self.build else ""
        if self.exact:
            return CondaRow(name=self.name, version=self.exact, build=build)
        return CondaRow(name=self.name, specifier=self.version)

    def declared(self, origin: str) -> Declared:
        return Declared(name=self.name, text=f"{self.name} {self.version}".strip(), origin=origin, conda=True)

    def refuses(self, pin: Pin) -> bool:
        """Say whether a locked package is surely not what is asked for."""
        if self.build and pin.source.commit and not fnmatchcase(pin.source.commit, self.build):
            return True
        return bool(self.version and pin.version) and matches(pin.version or "", self.version) is False


def parse_spec(text: str, place: Place) -> CondaSpec:
    """Read one match specification in any of its spellings.

    Raises:
        MlenvError: ``place.code`` with the place, where it has no name.
    """
    written = text.strip()
    if len(written) > _LONGEST:
        raise place.error(f"A match specification of {len(written)} characters is none: {written[:80]!r}...")
    archive = archive_of(written.partition("#")[0]) if "/" in written and "::" not in written else None
    if archive is not None:
        name, version, build = archive
        return CondaSpec(name=name.lower(), version=f"=={version}", build=build, text=written)
    body = written.rpartition("::")[2]
    brackets = _BRACKETS.search(body)
    keyed = {m[1]: m[2] or m[3] or m[4] for m in _KEYED.finditer(brackets[1])} if brackets else {}
    body = body[: brackets.start()] if brackets else body
    match = _PARTS.match(body.strip())
    if match is None or not _NAME.fullmatch(match[1]):
        raise place.error(f"{written[:80]!r} is no match specification of conda: NAME, NAME=1.2 or NAME >=1,<2.")
    version, build = _version_and_build(match[2].strip())
    if "version" in keyed:
        version = _with_sign(_AROUND.sub(r"\1", keyed["version"]))
    if version and not _SAYS_SOMETHING.search(version):
        raise place.error(f"{written[:80]!r} is no match specification of conda: {version!r} is no version.")
    return CondaSpec(name=match[1].lower(), version=version, build=keyed.get("build", build), text=written)


def _version_and_build(rest: str) -> tuple[str, str]:
    """Split what stands behind the name: ``=1.2=py_0``, ``==1.2``, `` 1.2 py_0``, ``>=1, <2``."""
    rest = _AROUND.sub(r"\1", rest)
    version, _, build = rest.partition(" ")
    sign = "==" if version.startswith("==") else version[:1]
    if sign in ("=", "=="):
        asked, mark, behind = version[len(sign) :].partition("=")
        if mark and _EXACT.fullmatch(asked):  # with a build the version is the very one
            return f"=={asked}", behind.strip()
        if mark:  # any version, or a range: the build counts
            return _with_sign(asked), behind.strip()
        if asked:
            return (_with_sign(asked) if not _EXACT.fullmatch(asked) else f"{sign}{asked}"), build.strip()
    return _with_sign(version), build.strip()


def _with_sign(version: str) -> str:
    """Return a version as a specification: a bare one (``numpy 1.26.4``) is the very one."""
    return f"=={version}" if version and _EXACT.fullmatch(version) else "" if version == "*" else version
