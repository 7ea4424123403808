"""Programs that serve nothing of ours: servers in other languages, and what only prepares or looks on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.targets.options import names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_other"]

_SERVERS: Final = names(
    "nginx caddy httpd apache2 apachectl apache2ctl lighttpd haproxy traefik envoy varnishd squid pgbouncer "
    "hdfs hadoop go-camo opencode "
    "redis-server redis-sentinel valkey-server memcached postgres mysqld mariadbd mongod rabbitmq-server "
    "elasticsearch opensearch kibana logstash fluentd fluent-bit vector promtail alloy otelcol "
    "otelcol-contrib "
    "prometheus grafana grafana-server loki tempo jaeger alertmanager minio consul vault nats-server etcd "
    "kafka-server-start.sh zookeeper-server-start.sh zkServer.sh keycloak kc.sh toxiproxy-server localstack "
    "cloud_sql_proxy cloud-sql-proxy cloudflared tailscaled sshd dockerd containerd statsd_exporter "
    "node nodejs npm npx yarn pnpm bun bunx deno next vite nest tsx ts-node http-server pm2-logrotate "
    "java mvn gradle catalina.sh ruby bundle rails rake puma sidekiq unicorn php php-fpm artisan composer "
    "dotnet go air cargo mix iex elixir swift perl lua"
)
_TOOLS: Final = names(
    "alembic aerich yoyo flyway liquibase dbmate goose sqitch prisma pytest py.test tox nox ruff mypy "
    "pyright black isort flake8 pylint bandit coverage pre-commit mkdocs sphinx-build jupyter jupyter-lab "
    "jupyter-notebook ipython ipykernel pip pip3 pip-compile pip-sync easy_install virtualenv twine "
    "flower locust pgcli psql createdb dropdb pg_dump pg_restore pg_isready mysql mysqldump "
    "mongosh mongo redis-cli rabbitmqctl aws gcloud gsutil az kubectl helm terraform ansible-playbook "
    "ansible docker podman git gh curl wget http nc ncat netcat ping telnet openssl ssh scp rsync "
    "wait-for-it wait-for-it.sh wait-for wait-for.sh dockerize wait4x update-ca-certificates locale-gen"
)
_SHELL: Final = names(
    "cat cp mv rm ln ls mkdir touch chmod chown find grep sed awk cut tr head tail sort tee date id env "
    "printenv hostname which whoami sleep true false yes kill pkill ps stat df du mount sync clear read exit "
    "return trap ulimit umask unset source . alias if then else fi for while until do done case esac "
    "tar gzip gunzip unzip base64 jq yq envsubst install getent useradd groupadd usermod adduser addgroup "
    "apt apt-get apk yum dnf service systemctl man less more vi vim nano bash sh zsh"
)
_OTHERS: Final = _SERVERS | _TOOLS | _SHELL
# What a script says of itself by its name; the words of a command line never do.
_PREPARES: Final = re.compile(
    r"(?:.*[-_.])?(?:migrate|migrations?|initdb|setup|seed|backup|restore|wait|healthcheck|"
    r"lint|format|tests?|clean|release|prestart|predeploy)(?:[-_.].*)?"
)


def is_other(program: str, words: Sequence[str]) -> bool:
    """Return whether a program is known to serve nothing of ours.

    Args:
        program: its name, without folders.
        words: it as it was written, and its arguments.
    """
    if program == "django-admin":
        return words[1:2] not in (("runserver",), ("runserver_plus",))
    if program in _OTHERS or program.endswith((".js", ".mjs", ".cjs", ".ts", ".jar", ".rb", ".php")):
        return True
    if program.lower().startswith(("generate-", "gen-")):
        return True
    return not program or (len(words) <= 1 and _PREPARES.fullmatch(program.lower()) is not None)
