"""Every setup."""

from __future__ import annotations

from differential import pdm_tool, pipenv_tool, poetry_tool, requirements_tool, uv_tool

__all__ = ["SETUPS"]

SETUPS = (
    *uv_tool.SETUPS,
    *requirements_tool.SETUPS,
    *poetry_tool.SETUPS,
    *pdm_tool.SETUPS,
    *pipenv_tool.SETUPS,
)
