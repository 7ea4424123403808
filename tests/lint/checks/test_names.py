"""What expressions stand for: every way to give a name another name, and the ways that are none."""

from __future__ import annotations

import ast
import random
import sysconfig
from pathlib import Path

import pytest

from ameide_telemetry.lint.names import Names

_ROWS = {
    "import logging\nlogging.x()": "logging.x",
    "import logging as L\nL.x()": "logging.x",
    "import logging.config\nlogging.config.x()": "logging.config.x",
    "import logging.config as c\nc.x()": "logging.config.x",
    "from logging import config\nconfig.x()": "logging.config.x",
    "from logging import basicConfig as b\nb()": "logging.basicConfig",
    "from . import telemetry\ntelemetry.x()": ".telemetry.x",
    "from ..a.b import c as d\nd()": "..a.b.c",
    "import logging\nL = logging\nM = L\nM.x()": "logging.x",
    "import logging\na, (b, *c) = 1, (logging.x, 2)\na()": "",
    "import logging\na, b = 1, logging.x\nb()": "logging.x",
    "import logging\n(b := logging.x)()": "logging.x",
    "import logging\nclass A:\n  L = logging\nA.L.x()": "logging.x",
    "import logging\nclass A:\n  L = logging\nA().L.x()": "logging.x",
    "import logging\nclass A:\n  def __init__(self):\n    self.l = logging.getLogger('a')\n"
    "  def f(self):\n    self.l.x()": "logging.getLogger().x",
    "import logging\nclass A:\n  l = logging.x\nclass B(A):\n  def f(self):\n    self.l()": "logging.x",
    "import a\nclass B(a.Pool): pass\nB().x()": "a.Pool().x",
    "import logging\nclass A:\n  logging = 1\n  def f(self):\n    logging.x()": "logging.x",
    "import logging\ndef f(logging):\n  logging.x()": "",
    "import logging\ndef f(a: logging.Logger):\n  a.x()": "logging.Logger().x",
    "import logging\ndef f(a: logging.Logger | None = None):\n  a.x()": "logging.Logger().x",
    "import logging\ndef f():\n  logging = object\n  logging.x()": "builtins.object.x",
    "import logging\ndef f():\n  for logging in ():\n    logging.x()": "",
    "import logging\n[logging.x() for logging in ()]": "",
    "import logging\n[logging.x() for a in ()]": "logging.x",
    "import logging\nwith open(1) as logging:\n  logging.x()": "builtins.open().x",
    "import logging\ntry:\n  pass\nexcept E as logging:\n  logging.x()": "",
    "import logging\nlogging = a()\nlogging.x()": "builtins.a().x",
    "import logging\nlogging.x()\nlogging = a()": "logging.x",
    "import logging\nlogging = 1\nlogging.x()": "",
    "import logging\ndef f():\n  logging.x()\nlogging = 1": "",
    "import logging\ndef f():\n  global logging\n  logging = 1\nlogging.x()": "logging.x",
    "def f():\n  global L\n  import logging as L\nL.x()": "logging.x",
    "try:\n  import u as j\nexcept ImportError:\n  import j\nj.x()": "j.x|u.x",
    "try:\n  import j\nexcept ImportError:\n  j = None\nj.x()": "j.x",
    "if a:\n  import u as j\nelse:\n  import k as j\nj.x()": "k.x|u.x",
    "import k as j\nif a:\n  j = 1\nj.x()": "k.x",
    "import logging\ngetattr(logging, 'b' + 'c')()": "logging.bc",
    "import logging\ngetattr(logging, a)()": "",
    "N = 'a.b'\nfrom importlib import import_module as i\ni(N).x()": "a.b.x",
    "from importlib import import_module as i\ni(f'a.{N}').x()": "",
    "__import__('a.b').x()": "a.x",
    "__import__('a.b', fromlist=['x']).x()": "a.b.x",
    "import sys\nsys.modules['a'].x()": "a.x",
    "import a\nvars(a)['x']()": "a.x",
    "import a\na.__dict__['x']()": "a.x",
    "from functools import partial\nimport a\np = partial(a.x, 1)\np()": "a.x",
    "import a, b\n(a if c else b).x()": "a.x|b.x",
    "import a, b\n(a or b).x()": "a.x|b.x",
    "import logging\nlogging.getLogger().x()": "logging.root.x",
    "import logging\nlogging.getLogger(name='root').x()": "logging.root.x",
    "import logging\nlogging.getLogger('a').x()": "logging.getLogger().x",
    "from logging import *\nbasicConfig()": "logging.basicConfig",
    "from unknown import *\nbasicConfig()": "builtins.basicConfig",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import a\n  a.x()": "",
    "a = a\na()": "",
    "a = b\nb = a\na()": "",
    "import a\nmatch a:\n  case {'k': a}:\n    a.x()": "",
    "import a\ndel a\na.x()": "",
    "import a\nlambda a: a.x()": "",
    "import a\nlambda b: a.x()": "a.x",
    "import a\nasync def f():\n  async with a.P() as p:\n    p.x()": "a.P().x",
    "import a\ndef f():\n  def g():\n    a.x()\n  import b as a": "b.x",
    "import a\n{'k': a.x}['k']()": "a.x",
    "import a\n{'k': a.x}['other']()": "",
    "import a\nT = {'k': a.x, 'm': a.y.x}\nT[k]()": "a.x|a.y.x",
    "import a\nT = {'k': a.x}\nT.get('k')()": "a.x",
    "import a\n(1, a.x)[-1]()": "a.x",
    "import a\n(1, a.x)[5]()": "",
    "import a\n(1, a.x)[1:]()": "",
    "import a\nfor f in (a.x, 1):\n  f()": "a.x",
    "import a\nfor n, f in [('n', a.x)]:\n  f()": "a.x",
    "import a\nfor n, f in [('n', a.x)]:\n  n()": "",
    "import a\nT = {'k': a.x}\nfor f in T.values():\n  f()": "a.x",
    "import a\nT = {'k': a.x}\nfor n, f in T.items():\n  f()": "a.x",
    "import a\nT = {'k': a.x}\nfor f in T:\n  f()": "",
    "import a\n[f() for f in (a.x,)]": "a.x",
    "import a\nfor a in a:\n  a.x()": "",
    "import a\nfrom operator import attrgetter\nattrgetter('b.x')(a)()": "a.b.x",
    "import a\nfrom operator import attrgetter\nattrgetter(b)(a)()": "",
    "import a\nfrom operator import methodcaller as m\nm('x', 1)(a)": "a.x",
    "import a\nclass B:\n  l = a.x\n  def f(self):\n    c = type(self)\n    c.l()": "a.x",
    "import a\nclass B:\n  l = a.x\n  def f(self):\n    self.__class__.l()": "a.x",
    "import a\ndef f(b: 'a.B'):\n  b.x()": "a.B().x",
    "import a\ndef f(b: 'a.B | None'):\n  b.x()": "a.B().x",
    "import a\ndef f(b: 'a.('):\n  b.x()": "",
    "import a\ndef f(b: 'a.B[1or 2]'):\n  b.x()": "",
}


def _called(source: str) -> str:
    names = Names(ast.parse(source))
    last = max((use.node.lineno for use in names.uses), default=0)
    ignored = ("builtins.getattr", "builtins.vars", "builtins.__import__", "builtins.open")
    found = {
        use.name
        for use in names.uses
        if use.node.lineno >= last - 1
        and use.name not in ignored
        and (use.name.endswith((".x", ".bc", "basicConfig", "getattr()", ".c")) or "x" in use.name.split("."))
    }
    return "|".join(sorted(found))


@pytest.mark.parametrize("source", _ROWS, ids=range(len(_ROWS)))
def test_a_name_stands_for_what_it_was_given(source: str) -> None:
    """Aliases, scopes, strings and choices are followed; what shadows a name takes its meaning away."""
    assert _called(source) == _ROWS[source]


def test_deep_and_long_expressions_are_given_up() -> None:
    """Chains of any length, and names that lead in circles, have no meaning and raise nothing."""
    for source in (
        "import a\n" + "a" + ".b()" * 400,
        "import a\nb = " + "(a or " * 60 + "a" + ")" * 60 + "\nb.x()",
        "import a\n" + "a = a.b\n" * 3000 + "a()",
        "\n".join(f"v{n} = v{n + 1}.x" for n in range(3000)) + "\nv0()",
        "class A(A): pass\nA().x()",
        "class A:\n  x = y\n  y = x\nA.x()",
        "def f(a: f): a()",
        "def f(a: " + " | ".join(["b"] * 900) + "): a.x()",
        "import a\nb = [" + "[" * 40 + "a" + "]" * 40 + "]\nb" + "[0]" * 40 + ".x()",
        "a = {'k': a}\na['k']()",
        "for a in a.items(): a()",
    ):
        assert isinstance(Names(ast.parse(source)).uses, list)


def test_every_file_of_a_folder_is_read() -> None:
    """A sample of the standard library's own modules gives names and no error."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    for path in random.Random(0).sample(files, 20):
        assert Names(ast.parse(path.read_bytes())).layout.blocks
