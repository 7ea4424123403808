"""Whether it is Python of this tree that a deployment starts, where its words alone do not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ameide_telemetry.lint.deployment.reading import Files

__all__ = ["holds_python", "installs_python", "is_for_others", "is_for_python", "names_module"]

_PYTHON: Final = re.compile(
    r"python|pypy|(?:^|[/-])uv(?:[:@-]|$)|fastapi|gunicorn|uvicorn|django|flask|celery|"
    r"(?:^|[/-])(?:mini|micro)?(?:conda|mamba|forge)|poetry|airflow"
)
# Whoever begins with one of these and installs nothing by a tool of Python's runs something else.
_OTHERS: Final = re.compile(
    r"(?:^|[/-])(?:node|nodejs|bun|deno|nginx|nginx-unprivileged|golang|go|rust|ruby|php|composer|openjdk|"
    r"eclipse-temurin|amazoncorretto|corretto|jre|jdk|java|maven|gradle|tomcat|jetty|dotnet|aspnet|sdk|runtime|"
    r"postgres|postgresql|postgis|mysql|mariadb|mongo|redis|valkey|rabbitmq|memcached|elasticsearch|opensearch|"
    r"kafka|zookeeper|minio|httpd|caddy|traefik|haproxy|envoy|varnish|squid|busybox|elixir|erlang|swift|"
    r"grafana|prometheus|loki|tempo|jaeger|kibana|logstash|fluentd|fluent-bit|vector|consul|vault|keycloak|"
    r"buildkit|docker|static|terraform|kubectl|helm)(?:[:@-]|$)"
)
_INSTALLS: Final = re.compile(
    r"\b(?:pip[0-9.]*\s+install|uv\s+(?:sync|pip|venv|run)|poetry\s+(?:install|sync|add)|pipenv\s+(?:install|sync)|"
    r"pdm\s+(?:install|sync)|pixi\s+install|conda\s+(?:env|install|create)|mamba\s+(?:env|install|create)|"
    r"python[0-9.]*\s+-m\s+(?:pip|venv)|python[0-9.]*\s+setup\.py)\b"
)
_MANIFESTS: Final = ("pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "Pipfile")
_OF_OTHERS: Final = (
    *("package.json", "Gemfile", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts"),
    *("composer.json", "mix.exs", "deno.json", "Package.swift", "build.sbt", "config.ru"),
)
_MODULE: Final = re.compile(r"([A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*:[A-Za-z_][\w.]*(?:\(.*\))?")


def is_for_python(reference: str) -> bool:
    """Return whether an image has a name that says it is made for programs of Python."""
    return _PYTHON.search(reference.lower()) is not None


def is_for_others(reference: str) -> bool:
    """Return whether an image has the name of a program or language that is not Python."""
    lower = reference.lower().partition("@")[0]
    return not is_for_python(lower) and _OTHERS.search(lower) is not None


def installs_python(line: str) -> bool:
    """Return whether a line of a build installs packages by a tool of Python's."""
    return _INSTALLS.search(line) is not None


def holds_python(paths: Iterable[Path], files: Files) -> bool:
    """Return whether one of some paths is of Python: a source, a project, sources near its top."""
    return any(path.suffix == ".py" or _is_project(path, files) for path in paths)


def _is_project(folder: Path, files: Files) -> bool:
    if folder not in files.python:
        return False
    if any(folder / name in files.paths for name in _MANIFESTS):
        return True
    # A script or two in a project of another language are its tools.
    return folder in files.near_python and not any(folder / name in files.paths for name in _OF_OTHERS)


def names_module(words: Iterable[str], files: Files) -> bool:
    """Return whether one of some words is `module:attribute` of a module that this tree has."""
    return any((found := _MODULE.fullmatch(word)) and found[1] in files.importable for word in words)
