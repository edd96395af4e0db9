"""Hold exported files against the clouds' own descriptions; run with a Python that has botocore, kaggle and Google's."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def _sagemaker(folder: Path) -> None:
    """AWS's model of the requests; botocore's validator leaves upper limits and patterns to the service."""
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    model = get_session().get_service_model("sagemaker")

    def hold(operation: str, given: dict[str, Any]) -> None:
        shape = model.operation_model(operation).input_shape
        report = ParamValidator().validate(given, shape)
        assert not report.has_errors(), report.generate_report()
        _limits(shape, given)

    for operation, name in (("CreateAppImageConfig", "app-image-config"), ("UpdateDomain", "update-domain")):
        given = json.loads((folder / "sagemaker" / f"{name}-input.json").read_text())
        hold(operation, {key: "d-abcdefghijkl" if text == "<domain-id>" else text for key, text in given.items()})
    scripts = {
        key: [{"Content": base64.b64encode((folder / "sagemaker" / f"{name}.sh").read_bytes()).decode()}]
        for key, name in (("OnCreate", "on-create"), ("OnStart", "on-start"))
    }
    slug = json.loads((folder / "sagemaker" / "app-image-config-input.json").read_text())["AppImageConfigName"]
    hold("CreateNotebookInstanceLifecycleConfig", {"NotebookInstanceLifecycleConfigName": slug, **scripts})


def _limits(shape: Any, given: Any) -> None:
    if shape.type_name == "structure":
        for name, text in given.items():
            _limits(shape.members[name], text)
    elif shape.type_name == "list":
        assert len(given) <= shape.metadata.get("max", len(given)), shape.name
        for row in given:
            _limits(shape.member, row)
    elif shape.type_name == "string":
        assert len(given) <= shape.metadata.get("max", len(given)), shape.name
        assert re.fullmatch(shape.metadata.get("pattern", ".*"), given, re.DOTALL), (shape.name, given)


def _vertex(folder: Path) -> None:
    """The JSON schemas of Google's description of the API; its numbers of 64 bits are texts there."""
    import yaml
    from jsonschema import Draft4Validator

    place = next(p for p in files("google-api-python-client") or () if p.name == "aiplatform.v1.json")
    schemas = json.loads(Path(str(place.locate())).read_text())["schemas"]
    for schema in schemas.values():
        schema["additionalProperties"] = False  # else a misspelt key is a further one
    whole = json.dumps(schemas).replace('"$ref": "', '"$ref": "#/schemas/')
    top = {"schemas": json.loads(whole), "$ref": "#/schemas/GoogleCloudAiplatformV1CustomJobSpec"}
    given = yaml.safe_load((folder / "vertex" / "custom-job.yaml").read_text())
    for pool in given["workerPoolSpecs"]:
        if "replicaCount" in pool:
            pool["replicaCount"] = str(pool["replicaCount"])
    Draft4Validator(top).validate(given)


def _kaggle(folder: Path) -> None:
    """What ``kaggle kernels push`` checks before it sends anything; nothing is sent."""
    from kaggle.api.kaggle_api_extended import KaggleApi

    sent: list[Any] = []

    class Client:
        kernels = SimpleNamespace(kernels_api_client=SimpleNamespace(save_kernel=sent.append))

        def __enter__(self) -> Client:  # noqa: PYI034  # a Python without Self, too
            return self

        def __exit__(self, *_: object) -> None:
            return

    api = KaggleApi()
    api.build_kaggle_client = Client
    said = io.StringIO()
    with redirect_stdout(said):
        api.kernels_push(str(folder / "kaggle"))
    assert not said.getvalue(), said.getvalue()  # it would say that the title does not give the id
    assert "%mlenv setup" in sent[0].text
    assert sent[0].is_private
    for path in (folder / "kaggle" / "lock").glob("dataset-metadata.json"):
        data = json.loads(path.read_text())
        api.validate_dataset_string(data["id"])
        assert 6 <= len(data["title"]) <= 50
        assert [row["name"] for row in data["licenses"]] == ["other"]


if __name__ == "__main__":
    os.environ |= {"KAGGLE_USERNAME": "somebody", "KAGGLE_KEY": "0" * 32}
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        import kaggle  # noqa: F401
    for each in map(Path, sys.argv[1:]):
        _sagemaker(each)
        _vertex(each)
        _kaggle(each)
        print(each.name, "sagemaker ok, vertex ok, kaggle ok")
