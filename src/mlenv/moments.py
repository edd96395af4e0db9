"""A day or a moment as people type it, in UTC; and which Pythons were released before it.

A plain day means its first moment in UTC on every machine: ``2022-07-17`` takes what was uploaded before
2022-07-17T00:00:00Z. (uv alone takes a plain day to its end, pip its start, both by the machine's time zone.)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from mlenv.errors import MlenvError

__all__ = ["PYTHON_RELEASED", "is_moment", "parse_moment", "released_before", "shown_moment"]

PYTHON_RELEASED = {
    6: "2016-12-23",
    7: "2018-06-27",
    8: "2019-10-14",
    9: "2020-10-05",
    10: "2021-10-04",
    11: "2022-10-24",
    12: "2023-10-02",
    13: "2024-10-07",
    14: "2025-10-07",
}
"""Minor version of Python 3 -> day of its first release.

Source: the release schedules, PEP 494, 537, 569, 596, 619, 664, 693, 719 and 745.
"""
_FORMS = "2022-07-17, 2022-07-17T12:00:00Z, git (the lock's last commit), or now (no limit any more)"
_SLACK = timedelta(days=1)
"""East of Greenwich a day begins before it does in UTC."""
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


def parse_moment(text: str, now: datetime) -> str:
    """Return the moment (RFC 3339, UTC) before which packages count.

    Args:
        text: a day, or a moment with its time zone.
        now: the moment that counts as present.

    Raises:
        MlenvError: ``date-invalid`` with the forms that are taken; also for days to come.
    """
    short = " ".join(text.split())[:40]
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        elif re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.{0,22}", text, re.ASCII):
            moment = datetime.fromisoformat(text.replace("z", "Z"))
        else:
            raise MlenvError("date-invalid", f"'{short}' is not a day.", where="--as-of", hint=_FORMS)
        if moment.tzinfo is None:
            raise MlenvError("date-invalid", f"'{short}' has no time zone.", where="--as-of", hint=f"{text}Z is UTC")
        moment = moment.astimezone(UTC)
        future = moment > now + _SLACK
    except (ValueError, OverflowError) as error:
        reason = str(error).partition(":")[0]
        raise MlenvError("date-invalid", f"'{short}' is not a day: {reason}.", where="--as-of", hint=_FORMS) from None
    if future:
        raise MlenvError("date-invalid", f"'{short}' is still to come.", where="--as-of", hint=_FORMS)
    return moment.isoformat().replace("+00:00", "Z")


def is_moment(text: str) -> bool:
    """Say whether a text is a moment as :func:`parse_moment` and uv write it."""
    return _WRITTEN.fullmatch(text) is not None


def shown_moment(moment: str) -> str:
    """Return ``2022-07-17 00:00 UTC``."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def released_before(version: str, moment: str) -> bool:
    """Say whether the first release of a Python's minor version (``3.10.4``: of 3.10.0) was before a moment.

    A version that the table does not know yet is taken for one of its year's November: PEP 602 has one each October.
    """
    found = re.match(r"3\.(\d+)", version)
    if found is None:
        return False
    minor = int(found[1])
    day = PYTHON_RELEASED.get(minor) or ("0000" if minor < min(PYTHON_RELEASED) else f"{2011 + minor}-11-01")
    return day < moment[:10]
