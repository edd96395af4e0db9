"""mlenv's reader of `.env` is python-dotenv's, wherever it does not refuse."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Mapping
from unittest import mock

from dotenv.main import DotEnv
from dotenv.parser import parse_stream
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlenv.dotenv_text import final_values, parse_dotenv
from mlenv.errors import MlenvError

logging.getLogger("dotenv").setLevel(logging.CRITICAL)
PIECES = st.sampled_from(
    ["A", "B_1", "=", "'", '"', "\\", "\\'", '\\"', "\\n", "\\\\", "#", " # said", "\n", " ", "\t", "${A}", "${B_1:-x}",
     "${", "}", ":-", "\u2028", "\x0b", "ä", "-"]
)  # fmt: skip
VALUES = st.lists(PIECES, max_size=6).map("".join)
QUOTED = st.tuples(st.sampled_from(["'", '"']), VALUES).map(lambda pair: f"{pair[0]}{pair[1]}{pair[0]}")
LINES = st.tuples(
    st.sampled_from(["", "", "export ", "export\t", "export", " ", "\ufeff", "# "]),
    st.sampled_from(["A", "A", "B_1", "B_1", "'A'", "'A", "a b", "ä", ""]),
    st.sampled_from(["=", "=", " = ", "= ", " =", ""]),
    st.one_of(VALUES, QUOTED),
    st.sampled_from(["", "", " # said", "#said", " "]),
    st.sampled_from(["\n", "\n", "\r\n", "\r", ""]),
).map("".join)
TEXTS = st.one_of(st.lists(LINES, max_size=4).map("".join), st.text(max_size=30))
ENVIRONS = st.dictionaries(st.sampled_from(["A", "B_1"]), st.sampled_from(["", "set", "${A}"]))


def theirs(text: str, environ: Mapping[str, str], override: bool) -> dict[str, str | None]:
    with mock.patch.dict(os.environ, environ, clear=True):
        return dict(DotEnv(None, stream=io.StringIO(text, newline=""), override=override, encoding=None).dict())


@settings(max_examples=1500, deadline=None)
@example(text="export =1", environ={}, override=False)
@example(text="A='\\\\'\nB_1=2", environ={}, override=False)
@example(text="A= #x", environ={}, override=False)
@given(text=TEXTS, environ=ENVIRONS, override=st.booleans())
def test_the_values_are_those_of_python_dotenv(text: str, environ: dict[str, str], override: bool) -> None:
    rows = list(parse_stream(io.StringIO(text, newline="")))
    try:
        ours = final_values(parse_dotenv(text, ".env"), environ, override=override)
    except MlenvError:
        odd = [row for row in rows if row.key is not None and (row.value is None or not _plain(row.key))]
        assert odd or any(row.error for row in rows) or "\0" in text
        return
    assert not any(row.error for row in rows)
    assert ours == theirs(text, environ, override)


def _plain(name: str) -> bool:
    return name.isascii() and (name[0].isalpha() or name[0] == "_") and all(c.isalnum() or c in "_.-" for c in name)
