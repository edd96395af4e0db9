"""Names of packages that very many people use, beside those of :mod:`mlenv.import_names`: what a look-alike looks like.

Source: the download counts of the public package index, 2026: the 400 most downloaded packages, and further ones,
picked by hand, whose names are one slip of the keyboard from a well-known name and are what they seem all the same.
"""

from __future__ import annotations

__all__ = ["MOST_USED", "NEARLY_ALIKE"]

MOST_USED = frozenset(
    """
    aiobotocore aiohappyeyeballs aioitertools aiosignal alembic annotated-doc annotated-types asgiref asn1crypto
    async-timeout asyncpg authlib awscli awswrangler babel backoff backports-tarfile bcrypt beartype blinker brotli
    build cachecontrol cattrs cfgv cfn-lint comm contourpy crashtest cyclopts databricks-sdk
    databricks-sql-connector dataclasses-json dbt-adapters dbt-common dbt-core debugpy decorator deepdiff defusedxml
    deprecated deprecation distlib distro docker docstring-parser dulwich durationpy editables email-validator
    exceptiongroup execnet executing fastjsonschema flatbuffers fonttools frozenlist gcsfs gitdb
    google-analytics-admin google-api-core google-auth-httplib2 google-cloud-batch google-cloud-bigtable
    google-cloud-compute google-cloud-core google-cloud-dataform google-cloud-dlp google-cloud-kms
    google-cloud-logging google-cloud-monitoring google-cloud-os-login google-cloud-redis
    google-cloud-secret-manager google-cloud-tasks google-cloud-texttospeech google-cloud-videointelligence
    google-cloud-workflows google-crc32c google-resumable-media googleapis-common-protos greenlet grpc-google-iam-v1
    grpcio grpcio-health-checking grpcio-status grpcio-tools gunicorn h2 hatchling hf-xet hpack httplib2 httptools
    httpx-sse hyperframe identify installer ipykernel ipython isodate itsdangerous jaraco-classes jaraco-context
    jaraco-functools jedi jeepney jiter jmespath joserfc jsonpatch jsonpointer jsonref jsonschema-path
    jsonschema-specifications keyring kubernetes librt linkify-it-py llama-cloud-services llama-parse mako
    marshmallow matplotlib-inline mccabe mcp mdit-py-plugins mdurl mpmath msal msal-extensions msrest
    mypy-extensions narwhals nodeenv oauthlib opentelemetry-api opentelemetry-exporter-otlp
    opentelemetry-exporter-otlp-proto-common opentelemetry-exporter-otlp-proto-grpc
    opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation opentelemetry-instrumentation-requests
    opentelemetry-proto opentelemetry-sdk opentelemetry-semantic-conventions opentelemetry-util-http pandas-stubs
    pathable pathspec pip pkginfo playwright poetry poetry-core pre-commit prometheus-client propcache proto-plus
    ptyprocess pure-eval py4j pyasn1 pyasn1-modules pycodestyle pycparser pydantic-ai-slim pydantic-core
    pydantic-graph pyee pyproject-hooks pytest-asyncio pytest-cov pytest-json-ctrf pytest-mock pytest-xdist
    python-discovery python-json-logger pytokens redis referencing requests-oauthlib requests-toolbelt
    rfc3339-validator rich-rst rich-toolkit rpds-py rsa ruamel-yaml-clib ruff s3transfer secretstorage semver
    sentry-sdk setuptools-scm sglang shellingham smmap sniffio snowflake-sqlalchemy sortedcontainers soupsieve
    sphinx sqlalchemy-bigquery sse-starlette stack-data structlog text-unidecode textual tinycss2 tree-sitter
    trove-classifiers types-protobuf types-pyyaml types-requests typing-inspect typing-inspection tzdata uc-micro-py
    uritemplate uv uvloop vcs-versioning virtualenv watchfiles wcwidth webencodings xxhash ydb zstandard
    """.split()  # noqa: SIM905 - a table of words, not a list of strings
)
"""Names, normalised."""

NEARLY_ALIKE = frozenset(
    """
    adal aiofile argh boto cchardet dataset glom gsutil hjson ijson isal jsonpath jsons lkml markdown2 marko
    ncclient nest-asyncio2 parse parsy pathy pgpy ppft psycopg-binary psycopg2 pyaml pycares pydoe pymssql pymupdfb
    pyocd pysam pyshark pyte pyvisa rpyc rtoml scapy tablib torchao torchx unicorn uri-template usort willow
    """.split()  # noqa: SIM905 - a table of words, not a list of strings
)
"""Names that are no look-alikes, normalised."""
