"""What a script starts: on every way that its arguments and variables allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lint.deployment.trees import read, rows

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPTS = {
    # A script, and what it starts for any arguments, each after `|`.
    'case "$1" in\n a|b) shift; exec rq $1;;\n *) exec "$@";;\nesac': "rq $1",
    'case "${ROLE:-web}" in\n web) w;;\n job) j;;\nesac': "w|j",
    "C='rq worker'; D=\"$C -q\"\nexec $D ${Q:-mail} $N": "rq worker -q mail $N",
    "f() { exec rq $1; }\nf one; f two": "rq one",
    'if [ "$A" = b ]; then x; elif [[ -n $B && $C == d* ]]; then y; else z; fi': "x|y|z",
    "A=b\nif [ $A = b ]; then x; else y; fi; [ $A = c ] && z || w": "x|w",
    'set -- gunicorn shop:app\nexec "$@" \'a b\' "c d"': "gunicorn shop:app a b c d",
    'A=(rq -v)\nA+=(worker)\nexec "${A[@]}" ${#A[@]}': "rq -v worker 3",
    "for x in a b; do rq $x & done; wait": "rq a|rq b",
    "while ! nc -z db 5432; do sleep 1; done\nrq worker": "rq worker",
    "cat <<EOF >/dev/null # no\nnot me\nEOF\nrq worker 2>&1 | tee log": "rq worker",
    'exec python "$(dirname "$0")/shop.py"': "python ./shop.py",
    "A=shop.py; rq ${A%.py} ${A#sh} ${A/shop/x} ${A^^} ${#A} ${N%y}": "rq shop op.py x.py SHOP.PY 7 ${N%y}",
    "export A=1; sh -c 'rq $A' || exit 1; (cd x && y \\\n z)": "rq 1|y z",
    "exit 0\nrq worker": "",
    "case $R in\n) rq worker;;\nesac": "rq worker",
    "eval 'rq worker'; . ./more.sh": "rq worker|sourced",
}


@pytest.mark.parametrize("script", _SCRIPTS)
def test_what_a_script_starts(script: str, tmp_path: Path) -> None:
    """A script starts what the shell would start from it, for any role where nobody says which."""
    image = 'FROM x\nWORKDIR /a\nCOPY . .\nENTRYPOINT ["./s.sh"]\n'
    text = f"-- Dockerfile --\n{image}-- more.sh --\nsourced\n-- s.sh --\n{script}\n"
    reading = read(tmp_path, text.replace("(cd x && y \\\n z)", "(cd x && y \\\n z)"))
    started = _SCRIPTS[script].split("|") if _SCRIPTS[script] else []
    assert [row.partition(": ")[2] for row in rows(reading)] == started
    assert not reading.problems


def test_given_arguments_choose_the_role(tmp_path: Path) -> None:
    """What compose gives is the one role of its service; the image has every role."""
    text = (
        '-- Dockerfile --\nFROM x\nCOPY . .\nENTRYPOINT ["/s.sh"]\n-- s.sh --\ncase $1 in\nweb) exec uvicorn '
        'shop:app;;\njob) exec rq worker;;\n*) exec "$@";;\nesac\n-- compose.yaml --\nservices:\n'
        "  a: {build: ., command: job}\n  b: {build: ., command: python shop.py}\n"
    )
    found = [row for row in rows(read(tmp_path, text)) if row[0] in "ab"]
    assert found == ["a: rq worker", "b: python shop.py"]
