"""Turn values and errors into text, HTML and JSON: the one place where mlenv's words are put together.

Standard library only, Python 3.9+: this package also runs inside project kernels. Values in, text out.
"""

from __future__ import annotations

from mlenv.render.html import error_html, outcome_html, report_html
from mlenv.render.layout import notice_html, step_html
from mlenv.render.packages import SHOWN, PackageRow, package_rows, packages_html
from mlenv.render.private import hide_places, mask_secrets, shorten
from mlenv.render.survey import survey_json, survey_outcome
from mlenv.render.text import error_text, outcome_text, report_text
from mlenv.render.wire import (
    advice_json,
    error_json,
    event_json,
    finding_json,
    loaded_message,
    outcome_json,
    refresh_message,
    report_json,
    switch_message,
)

__all__ = [
    "SHOWN",
    "PackageRow",
    "advice_json",
    "error_html",
    "error_json",
    "error_text",
    "event_json",
    "finding_json",
    "hide_places",
    "loaded_message",
    "mask_secrets",
    "notice_html",
    "outcome_html",
    "outcome_json",
    "outcome_text",
    "package_rows",
    "packages_html",
    "refresh_message",
    "report_html",
    "report_json",
    "report_text",
    "shorten",
    "step_html",
    "survey_json",
    "survey_outcome",
    "switch_message",
]
