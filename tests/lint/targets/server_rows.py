"""Commands of servers, each with the files around it and what it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROWS", "Row"]


class Row(NamedTuple):
    """One command.

    Attributes:
        line: as a shell would be given it, or one word per item of an exec form.
        expected: what it serves; `!` and parts of what is wrong, with `|` between; empty for nothing.
        files: beside those that all rows have.
        environment: variables.
    """

    line: str
    expected: str
    files: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}


SHOP = {
    "shop/__init__.py": "",
    "shop/asgi.py": "from fastapi import FastAPI\napp = FastAPI()\nclass box:\n    api = app\n",
    "shop/factory.py": "def make(size=1):\n    return object()\ndef strict(size):\n    return object()\n",
    "shop/wsgi.py": "from shop.factory import make\napplication = make()\n",
}
_WSGI = "wsgi shop.wsgi:application shop/wsgi.py"
_MOUNTED = "wsgi shop.asgi:app shop/asgi.py & wsgi wsgi.py:application shop/wsgi.py"
_BACK = {"back/main.py": "application = 1\n"}
ROWS: tuple[Row, ...] = (
    # uvicorn
    Row("uvicorn shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("uvicorn --workers 4 --reload shop.asgi:app --port 80", "asgi shop.asgi:app shop/asgi.py"),
    Row("uvicorn --port=80 --no-access-log shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("uvicorn --log-config log.ini shop.asgi:app", "asgi shop.asgi:app shop/asgi.py log=log.ini"),
    Row("uvicorn shop.asgi:box.api", "asgi shop.asgi:box.api shop/asgi.py"),
    Row("uvicorn shop.factory:make --factory", "asgi shop.factory:make() shop/factory.py"),
    Row("uvicorn shop.factory:make", "asgi shop.factory:make() shop/factory.py"),
    Row("uvicorn shop.factory:strict", "asgi shop.factory:strict shop/factory.py"),
    Row("uvicorn", "asgi shop.asgi:app shop/asgi.py", environment={"UVICORN_APP": "shop.asgi:app"}),
    Row("uvicorn --app-dir back main:app", "asgi main:app back/main.py", {"back/main.py": "app = 1\n"}),
    Row("python -m uvicorn shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("python3.12 -um uvicorn shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("/venv/bin/uvicorn shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("uvicorn shop.asgi", "!not of the form module:attribute"),
    Row(
        "uvicorn shop.asgii:app",
        "!`shop.asgii:app`, which names a module that is not there: looked for|shop/asgii.py|`shop.asgi:app`",
    ),
    Row("uvicorn shopp.asgi:app", "!`shop.asgi:app`"),
    Row("uvicorn shop/asgi.py:app", "!write `shop.asgi:app`"),
    Row("uvicorn shop.asgi:ap", "!`ap`, which shop/asgi.py does not bind|write `shop.asgi:app`"),
    Row(
        "uvicorn elsewhere.main:app",
        "!looked for elsewhere/__init__.py, elsewhere.py|`{service} = {|[tool.ameide_telemetry.services]",
    ),
    Row("uvicorn $APP", "!`$APP`"),
    Row("uvicorn ${APP:-shop.asgi:app}", "asgi shop.asgi:app shop/asgi.py"),
    Row("uvicorn $APP", "asgi shop.asgi:app shop/asgi.py", environment={"APP": "shop.asgi:app"}),
    Row("uvicorn src.x:app", "asgi src.x:app src/x.py", {"src/x.py": "from y import *\n"}),
    Row("uvicorn pkg:api", "asgi pkg:api pkg/__init__.py", {"pkg/__init__.py": "", "pkg/api.py": ""}),
    Row("uvicorn --version", ""),
    # hypercorn, granian, daphne, waitress, sanic
    Row("hypercorn -w 2 shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("hypercorn shop.asgi", "asgi shop.asgi:app shop/asgi.py"),
    Row("hypercorn 'shop.factory:strict(3)'", "asgi shop.factory:strict(3) shop/factory.py"),
    Row("hypercorn wsgi:shop.wsgi:application", "wsgi shop.wsgi:application shop/wsgi.py"),
    Row("hypercorn back/main.py:app", "asgi main:app back/main.py", {"back/main.py": "app = 1\n"}),
    Row("hypercorn -c python:hyper shop.asgi:app", "asgi shop.asgi:app shop/asgi.py imports=hyper"),
    Row("granian --interface asgi shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row(
        "granian --interface wsgi shop.wsgi:application --access-log",
        "wsgi shop.wsgi:application shop/wsgi.py",
    ),
    Row("granian shop/asgi.py", "asgi shop.asgi:app shop/asgi.py"),
    Row("granian --factory shop.factory:make", "asgi shop.factory:make() shop/factory.py"),
    Row("granian --working-dir back main", "asgi main:app back/main.py", {"back/main.py": "app = 1\n"}),
    Row("daphne -b 0.0.0.0 -p 80 shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row("waitress-serve --call shop.factory:make", "wsgi shop.factory:make() shop/factory.py"),
    Row("sanic shop.asgi.app", "asgi shop.asgi:app shop/asgi.py"),
    # gunicorn
    Row("gunicorn shop.wsgi", "wsgi shop.wsgi:application shop/wsgi.py"),
    Row("gunicorn -w4 -b :80 --preload shop.wsgi", "wsgi shop.wsgi:application shop/wsgi.py preload forks"),
    Row("gunicorn -k uvicorn.workers.UvicornWorker shop.asgi:app", "asgi shop.asgi:app shop/asgi.py"),
    Row(
        "gunicorn 'shop.factory:strict(3, key=\"a\")'", 'wsgi shop.factory:strict(3, key="a") shop/factory.py'
    ),
    Row("gunicorn 'shop.factory:make()'", "wsgi shop.factory:make() shop/factory.py"),
    Row("gunicorn 'shop.factory:make(x)'", "!neither a name nor a call"),
    Row("gunicorn shop.asgi:box.api", "!neither a name nor a call"),
    Row("gunicorn", "!names no application|wsgi_app"),
    Row("gunicorn --chdir back main:app", "wsgi main:app back/main.py", {"back/main.py": "app = 1\n"}),
    Row("gunicorn --pythonpath back main:app", "wsgi main:app back/main.py", {"back/main.py": "app = 1\n"}),
    Row(
        "gunicorn",
        "wsgi shop.wsgi:application shop/wsgi.py preload forks imports=gunicorn.conf.py log=log.ini",
        {"gunicorn.conf.py": "wsgi_app = 'shop.wsgi'\npreload_app = True\nlogconfig = 'log.ini'\n"},
    ),
    Row(
        "gunicorn -c conf/g.py shop.wsgi",
        "wsgi shop.wsgi:application shop/wsgi.py imports=conf/g.py log=logconfig_dict",
        {
            "conf/g.py": "logconfig_dict = {}\nif True:\n    preload_app = False\n",
            "gunicorn.conf.py": "preload_app = True",
        },
    ),
    Row("gunicorn -c missing.py shop.wsgi", "!`missing.py`, which is a config file that is not there"),
    Row(
        "gunicorn -c python:shop.conf shop.wsgi",
        "wsgi shop.wsgi:application shop/wsgi.py preload forks imports=shop.conf",
        {"shop/conf.py": "import os\npreload_app = bool(os.environ.get('P', 'yes'))\n"},
    ),
    Row(
        "gunicorn shop.wsgi",
        "asgi shop.wsgi:application shop/wsgi.py preload forks imports=g.py",
        {"g.py": ""},
        {"GUNICORN_CMD_ARGS": "--preload -c g.py -k uvicorn_worker.UvicornWorker"},
    ),
    Row(
        "gunicorn -c python:ameide_telemetry.integrations.gunicorn shop.wsgi",
        "wsgi shop.wsgi:application shop/wsgi.py imports=ameide_telemetry.integrations.gunicorn",
    ),
    # fastapi
    Row("fastapi run", "asgi main:app main.py", {"main.py": "from shop.asgi import app\n"}),
    Row("fastapi dev shop/asgi.py --port 80", "asgi shop.asgi:app shop/asgi.py"),
    Row(
        "fastapi run shop",
        "asgi shop:api shop/__init__.py",
        {"shop/__init__.py": "from shop.asgi import app as api\n"},
    ),
    Row("fastapi run", "asgi app.main:api app/main.py", {"app/main.py": "api = 1\n", "app/__init__.py": ""}),
    Row(
        "fastapi run",
        "asgi main:site app/main.py",
        {"app/main.py": "import fastapi\nx = f()\nsite = fastapi.FastAPI()\n"},
    ),
    Row("fastapi run --app other main.py", "asgi main:other main.py", {"main.py": "other = 1\n"}),
    Row(
        "fastapi run",
        "asgi shop.asgi:app shop/asgi.py",
        {"pyproject.toml": "[tool.fastapi]\nentrypoint='shop.asgi:app'"},
    ),
    Row("fastapi run", "!none of main.py"),
    Row("fastapi run nowhere.py", "!nowhere"),
    Row("fastapi --version", ""),
    # flask
    Row("flask --app shop.factory:make run", "wsgi shop.factory:make() shop/factory.py"),
    Row("flask --app 'shop.factory:strict(2)' run --port 80", "wsgi shop.factory:strict(2) shop/factory.py"),
    Row("flask run", "wsgi shop.wsgi:application shop/wsgi.py", environment={"FLASK_APP": "shop/wsgi.py"}),
    Row(
        "flask run",
        "wsgi shop.wsgi:application shop/wsgi.py",
        {".flaskenv": "export FLASK_APP='shop.wsgi'\n"},
    ),
    Row(
        "flask run",
        "wsgi wsgi:create_app() wsgi.py",
        {"wsgi.py": "def create_app(): ...\n", "app.py": "app = 1"},
    ),
    Row(
        "flask run",
        "wsgi app:site app.py",
        {"app.py": "from flask import Flask\nx = f()\nsite = Flask(__name__)\n"},
    ),
    Row("flask run", "wsgi app:app app.py", {"app.py": "app = make()\n"}),
    Row("python -m flask --app shop.wsgi run", "wsgi shop.wsgi:application shop/wsgi.py"),
    Row("flask run", "!neither wsgi.py nor app.py"),
    Row("flask db upgrade", ""),
    Row("flask --app shop.wsgi routes", ""),
    # uwsgi
    Row("uwsgi --http :80 --module shop.wsgi:application", _WSGI),
    Row("uwsgi --http-socket :80 -w shop.wsgi --enable-threads", _WSGI),
    Row("uwsgi --master --lazy-apps -p 4 -w shop.wsgi", _WSGI),
    Row("uwsgi --master -w shop.wsgi", f"{_WSGI} preload forks"),
    Row("uwsgi --processes=4 -w shop.wsgi", f"{_WSGI} preload forks"),
    Row("uwsgi -p 1 -w shop.wsgi", _WSGI),
    Row("uwsgi -w 'shop.factory:make()'", "wsgi shop.factory:make() shop/factory.py"),
    Row("uwsgi --module shop.asgi --callable app", "wsgi shop.asgi:app shop/asgi.py"),
    Row("uwsgi --wsgi-file shop/wsgi.py", "wsgi wsgi.py:application shop/wsgi.py"),
    Row("uwsgi shop.asgi:app", "wsgi shop.asgi:app shop/asgi.py"),
    Row("uwsgi shop.wsgi:application", "!`shop.wsgi`, which is not there"),
    Row("uwsgi shop/asgi.py:app", "wsgi asgi.py:app shop/asgi.py"),
    Row("uwsgi --chdir back -w main --pp lib", "wsgi main:application back/main.py", _BACK),
    Row("uwsgi", _WSGI, environment={"UWSGI_MODULE": "shop.wsgi:application"}),
    Row("uwsgi --mount /a=shop.asgi:app --mount /b=shop/wsgi.py", _MOUNTED),
    Row(
        "uwsgi --ini u.ini", f"{_WSGI} preload forks", {"u.ini": "[uwsgi]\nmaster = true\nmodule=shop.wsgi\n"}
    ),
    Row("uwsgi u.ini", _WSGI, {"u.ini": "[uwsgi]\nmaster = false\nbase = shop\nwsgi = %(base).wsgi\n"}),
    Row("uwsgi --ini u.ini -w shop.wsgi", _WSGI, {"u.ini": "[uwsgi]\nmodule = other\n[x]\nmaster = 1\n"}),
    Row(
        "uwsgi --ini conf/u.ini",
        "wsgi main.py:application back/main.py preload forks",
        {**_BACK, "conf/u.ini": "[uwsgi]\nini = conf/x.ini:two\nchdir = %d../back\nfile = main.py\n"}
        | {"conf/x.ini": "[two]\n# all\nworkers = $(N)\n"},
    ),
    Row(
        "uwsgi --ini u.ini",
        "!`gone`, which names a module that is not there",
        {"u.ini": "[uwsgi]\nwsgi=gone\n"},
    ),
    Row("uwsgi --ini u.ini", "!`u.ini`, which is a config file that is not there"),
    Row(
        "uwsgi --ini u.ini",
        "!names no application|in the file",
        {"u.ini": "[uwsgi]\nini = u.ini\nhttp = :80\n"},
    ),
    Row("uwsgi --ini u.ini", "!holds a variable", {"u.ini": "[uwsgi]\nmodule = $(APP)\n"}),
    Row("uwsgi app.yaml", "!is given by `yaml`, which is not read"),
    Row("uwsgi --emperor /etc/vassals", ""),
    Row("uwsgi --version", ""),
    # mod_wsgi-express
    Row("mod_wsgi-express start-server shop/wsgi.py --port 80", "wsgi wsgi.py:application shop/wsgi.py"),
    Row("mod_wsgi-express start-server --application-type module shop.wsgi", _WSGI),
    Row(
        "mod_wsgi-express start-server --log-to-terminal --callable-object app shop/asgi.py",
        "wsgi asgi.py:app shop/asgi.py",
    ),
    Row(
        "mod_wsgi-express start-server --working-directory back --application-type module --entry-point main",
        "wsgi main:application back/main.py",
        _BACK,
    ),
    Row(
        "mod_wsgi-express start-server shop/wsgy.py", "!is not there: looked for shop/wsgy.py|`shop/wsgi.py`"
    ),
    Row("mod_wsgi-express start-server --application-type paste a.ini", "!is a file for Paste"),
    Row("mod_wsgi-express start-server --application-type static", ""),
    Row("mod_wsgi-express module-config", ""),
)
