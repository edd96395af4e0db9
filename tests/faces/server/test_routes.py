"""Every route, its answer held to the schema that OpenAPI shows, on a server that lets nobody in without a token."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import JupyterServerAuthWarning
from openapi_spec_validator import OpenAPIV31SpecValidator
from tornado.httpclient import HTTPClientError
from tornado.web import RequestHandler

from mlenv.faces.server.openapi import OPERATIONS, description
from mlenv.faces.server.requests import JOB_VERBS
from mlenv.faces.server.routes import ROUTES
from mlenv.faces.server.schemas import SCHEMAS
from mlenv.verbs import verb_named

Valid = Callable[[str, Any], Any]
GETS = (
    "about",
    "openapi.json",
    "project",
    "projects",
    "environments",
    "kernels",
    "pythons",
    "packages",
    "check",
    "jobs",
)


@pytest.fixture(autouse=True)
def home(mlenv_home: Path) -> Path:
    """mlenv's folders first: Jupyter's own fixtures put theirs over them."""
    return mlenv_home


async def get(fetch: Any, *parts: str, **query: str) -> Any:
    answer = await fetch("mlenv", *parts, params=query)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.body)


async def sent(fetch: Any, *parts: str, body: Any) -> Any:
    answer = await fetch(
        "mlenv", *parts, method="POST", body=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    return json.loads(answer.body)


async def refused(fetch: Any, *parts: str, status: int, **options: Any) -> Any:
    with pytest.raises(HTTPClientError) as caught:
        await fetch("mlenv", *parts, **options)
    assert caught.value.code == status, caught.value.response.body
    error = json.loads(caught.value.response.body)
    jsonschema.Draft202012Validator(SCHEMAS["Error"]).validate(error)
    return error["error"]["code"]


# --- the description and the table are one ---


def test_the_description_is_valid_openapi_and_names_every_route_and_verb() -> None:
    OpenAPIV31SpecValidator(description("/mlenv")).validate()
    table = {(route.path, verb.method) for route in ROUTES for verb in route.verbs}
    assert table == set(OPERATIONS)


def test_jobs_offer_what_the_command_line_knows_and_nothing_that_leads_out_of_the_project() -> None:
    from mlenv.faces.server.requests import job_options

    for verb in JOB_VERBS:
        known = verb_named(verb)
        assert known is not None
        assert set(job_options(verb)) <= set(known.options)
        banned = {
            "--output",
            "--from-bundle",
            "--project",
            "--existing",
            "--kernel-prefix",
            "--loaded",
            "--events",
            "--json",
        }
        assert not banned & set(job_options(verb))


def test_loading_the_extension_costs_a_start_next_to_nothing() -> None:
    """Besides what Jupyter's server has loaded anyhow; no service, no lock reader, no packaging."""
    code = (
        "import sys, jupyter_server.serverapp, jupyter_server.services.kernels.handlers; before = set(sys.modules)\n"
        "import mlenv; mlenv._jupyter_server_extension_points(); import mlenv.faces.server.extension\n"
        "print(*sorted(name for name in set(sys.modules) - before if name.startswith('mlenv')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert "mlenv.faces.server.extension" in loaded
    heavy = (
        "mlenv.services",
        "mlenv.locks",
        "mlenv.engines",
        "mlenv.kernels",
        "mlenv.store",
        "mlenv.probe",
        "mlenv.kernel",
    )
    assert sorted(name for name in loaded if name.startswith(heavy)) == []


async def test_jupyter_itself_finds_every_handler_of_ours_authenticated(jp_serverapp: ServerApp) -> None:
    """With ``allow_unauthenticated_access=False`` it looks through all that an extension adds; its warning fails this."""
    from mlenv.faces.server.routes import handlers
    from mlenv.faces.server.service import Service

    class Naked(RequestHandler):
        def get(self) -> None: ...

    ours = handlers("/again/mlenv", Service(jp_serverapp, "/again/mlenv"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", JupyterServerAuthWarning)
        jp_serverapp.web_app.add_handlers(".*$", list(ours))
        with pytest.raises(JupyterServerAuthWarning, match="GET of Naked"):
            jp_serverapp.web_app.add_handlers(".*$", [("/naked", Naked)])


# --- who may ---


@pytest.mark.parametrize("path", [*GETS, "advice", "jobs/0123456789abcdef"])
async def test_no_route_answers_without_a_token(jp_fetch: Any, path: str) -> None:
    parts, nobody = path.split("/"), {"Authorization": ""}
    assert await refused(jp_fetch, *parts, status=403, headers=nobody) == "forbidden"


# --- what they say ---


async def test_about_tells_versions_verbs_and_options(jp_fetch: Any, valid: Valid) -> None:
    about = valid("About", await get(jp_fetch, "about"))
    assert set(about["verbs"]) == set(JOB_VERBS)
    assert "--python" in about["verbs"]["create"]
    assert await get(jp_fetch, "openapi.json") == description("/a%40b/mlenv")


async def test_where_no_project_is_the_answers_say_so(
    jp_fetch: Any, jp_root_dir: Path, mlenv_home: Path, valid: Valid
) -> None:
    (jp_root_dir / ".git").mkdir()
    project = valid("Project", await get(jp_fetch, "project"))
    assert (project["project"], project["folder"], project["engine"]) == (None, None, "uv")
    assert valid("Environments", await get(jp_fetch, "environments"))["environments"] == []
    assert valid("Projects", await get(jp_fetch, "projects"))["projects"] == []
    for route in ("check", "packages"):
        assert await refused(jp_fetch, route, status=404) == "no-project"
    # To a page that asks every few seconds it is an answer: browsers log a 404 as a fault.
    told = valid("ReportOrError", await sent(jp_fetch, "check", body={"path": ""}))
    assert told["error"]["code"] == "no-project"
    advice = valid("Advice", await get(jp_fetch, "advice", module="skimage"))
    assert (advice["action"], advice["package"], advice["command"]) == (
        "create",
        "scikit-image",
        "mlenv create scikit-image",
    )


async def test_a_project_is_described_with_its_packages_and_its_verdict(
    jp_fetch: Any, jp_root_dir: Path, make_project: Any, valid: Valid
) -> None:
    root = make_project(
        jp_root_dir / "a b" / "größe", {"steady": "1.0", "second": "2.0"}, {"steady": "1.0", "second": "1.0"}
    )
    (root / "deep").mkdir()
    (root / "deep" / "Ü 1.ipynb").write_text("{}")
    path = "a b/größe/deep/Ü 1.ipynb"
    project = valid("Project", await get(jp_fetch, "project", path=path))
    assert project["project"] == {"root": str(root), "name": "demo", "manifest": "pyproject.toml"}
    assert project["folder"] == "a b/größe"
    assert project["lock"] == {"path": "pylock.toml", "kind": "pylock"}
    assert project["environment"]["prefix"] == str(root / ".venv")
    assert project["kernel"] is None
    assert valid("Packages", await get(jp_fetch, "packages", path=path))["packages"] == [
        {"name": "second", "declared": "second", "locked": "2.0", "installed": "1.0"},
        {"name": "steady", "declared": "steady", "locked": "1.0", "installed": "1.0"},
    ]
    report = valid("Report", await get(jp_fetch, "check", path=path))
    assert (report["verdict"], report["next"]["action"], report["kernel"]) == ("sync", "sync", None)
    assert not report["loaded_measured"]
    assert [row["package"] for row in report["findings"]] == ["second"]
    environments = valid("Environments", await get(jp_fetch, "environments", path=path))["environments"]
    assert [(row["path"], row["own"]) for row in environments] == [(str(root / ".venv"), True)]


async def test_a_project_without_an_environment_is_no_error(
    jp_fetch: Any, jp_root_dir: Path, mlenv_home: Path, valid: Valid
) -> None:
    from kernel.locked import write_project

    write_project(jp_root_dir, {"steady": "1.0"})
    rows = valid("Packages", await get(jp_fetch, "packages"))["packages"]
    assert rows == [{"name": "steady", "declared": "steady", "locked": "1.0", "installed": None}]
    assert valid("Report", await get(jp_fetch, "check"))["verdict"] == "no-env"
    assert valid("Project", await get(jp_fetch, "project"))["environment"]["prefix"] is None


async def test_the_check_tells_one_lock_from_another(
    jp_fetch: Any, jp_root_dir: Path, mlenv_home: Path, valid: Valid
) -> None:
    from kernel.locked import write_project

    async def digest() -> str | None:
        found = valid("Report", await get(jp_fetch, "check"))["lock"]["digest"]
        return None if found is None else str(found)

    (jp_root_dir / "pyproject.toml").write_text('[project]\nname = "bare"\nversion = "0"\n')
    assert await digest() is None
    write_project(jp_root_dir, {"steady": "1.0"})
    first = await digest()
    assert first == await digest()
    write_project(jp_root_dir, {"steady": "1.1"})
    assert await digest() not in {first, None}


async def test_pythons_say_which_one_create_would_take(jp_fetch: Any, mlenv_home: Path, valid: Valid) -> None:
    pythons = valid("Pythons", await get(jp_fetch, "pythons"))["pythons"]
    assert [row["path"] for row in pythons if row["chosen"]]


async def test_kernels_are_listed_with_advice_the_projects_first(
    jp_fetch: Any, jp_root_dir: Path, make_project: Any, add_spec: Any, host_kernel: list[str], valid: Valid
) -> None:
    root = make_project(jp_root_dir / "demo", {"steady": "1.0"})
    python = str(root / ".venv" / "bin" / "python")
    add_spec("a-foreign", host_kernel)
    ours = {"schema": 1, "project": str(root), "prefix": str(root / ".venv"), "name": "demo"}
    add_spec("z-demo", [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"], ours)
    gone = {**ours, "project": str(jp_root_dir / "gone"), "prefix": str(jp_root_dir / "gone" / ".venv")}
    add_spec("b-gone", ["/gone/python"], gone)
    rows = valid("Kernels", await get(jp_fetch, "kernels", path="demo"))["kernels"]
    assert rows[0]["id"] == "z-demo"
    assert [row["id"] for row in rows if row["current"]] == ["z-demo"]
    owners = [row["ours"] for row in rows]
    assert owners == sorted(owners, reverse=True)
    stale = next(row for row in rows if row["id"] == "b-gone")
    assert (stale["state"], stale["advice"]) == ("project-missing", "mlenv kernels prune removes it")
    assert all(row["advice"] == "" for row in rows if row["health"] == "ok")
    assert (await get(jp_fetch, "project", path="demo"))["kernel"] == "z-demo"
    projects = valid("Projects", await get(jp_fetch, "projects"))["projects"]
    assert [(row["project"]["root"], row["folder"], row["kernel"]) for row in projects] == [
        (str(root), "demo", "z-demo")
    ]


async def test_a_project_that_cannot_be_read_says_why_and_hides_no_other(
    jp_fetch: Any, jp_root_dir: Path, make_project: Any, add_spec: Any, valid: Valid
) -> None:
    good, bad = make_project(jp_root_dir / "good", {"steady": "1.0"}), jp_root_dir / "bad"
    bad.mkdir()
    (bad / "pyproject.toml").write_text("[project\n")
    for root in (good, bad):
        block = {"schema": 1, "project": str(root), "prefix": str(root / ".venv"), "name": root.name}
        add_spec(root.name, [str(root / ".venv" / "bin" / "python")], block)
    rows = valid("Projects", await get(jp_fetch, "projects"))["projects"]
    assert [(row["folder"], bool(row["problem"])) for row in rows] == [("bad", True), ("good", False)]
    assert await refused(jp_fetch, "check", status=422, params={"path": "bad"}) not in ("", "internal")


async def test_a_failed_import_is_helped_with(
    jp_fetch: Any, jp_root_dir: Path, make_project: Any, valid: Valid
) -> None:
    make_project(jp_root_dir / "demo", {"steady": "1.0", "second": "2.0"}, {"steady": "1.0"})
    asked = {"steady": "restart", "second": "sync", "skimage": "add", "json.nothing": "none", "--force": "none"}
    for module, action in asked.items():
        advice = valid("Advice", await get(jp_fetch, "advice", path="demo", module=module))
        assert (module, advice["action"]) == (module, action)
    assert await refused(jp_fetch, "advice", status=400, params={"path": "demo"}) == "usage"


async def test_a_body_that_is_wrong_is_refused_with_what_is_wrong(jp_fetch: Any, jp_root_dir: Path) -> None:
    def send(body: Any, kind: str = "application/json") -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        return {"method": "POST", "body": text, "headers": {"Content-Type": kind}}

    for route in ("check", "jobs"):
        assert await refused(jp_fetch, route, status=415, **send({"path": ""}, "text/plain")) == "not-json"
        assert await refused(jp_fetch, route, status=413, **send({"path": "x" * 600_000})) == "body-too-large"
        for body in ("", "{", "[]", "1", '"x"', "[" * 100_000, {}, {"path": 1}, {"path": None}):
            assert await refused(jp_fetch, route, status=400, **send(body)) == "usage"
    assert await refused(jp_fetch, "jobs", "nothing", status=404) == "job-missing"
    assert await refused(jp_fetch, "check", status=404, params={"kernel": "nothing"}) == "kernel-missing"
    assert await refused(jp_fetch, "project", status=405, method="PUT", body="{}") == "method-not-allowed"


async def test_a_fault_of_ours_is_told_without_a_traceback(
    jp_fetch: Any, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"secret of {jp_root_dir}")

    monkeypatch.setattr("mlenv.services.project.find_root", broken)
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mlenv", "project")
    body = caught.value.response.body.decode()
    assert (caught.value.code, json.loads(body)["error"]["code"]) == (500, "internal")
    assert "secret" not in body
    assert "Traceback" not in body
