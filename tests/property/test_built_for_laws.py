"""Any bytes and any text of a wheel are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlenv.built_for import Here, binary_machines, other_machine, parse_wheel_tags

LINUX = Here(system="linux", machine="x86_64")


@given(st.sampled_from([b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b""]), st.binary(max_size=200))
def test_any_bytes_are_read(start: bytes, rest: bytes) -> None:
    assert isinstance(binary_machines(start + rest), frozenset)


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    for tags in (parse_wheel_tags(text), [text]):
        assert isinstance(other_machine(tags, LINUX), str)
