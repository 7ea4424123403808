"""Templates of Helm as YAML: what the values put in, and that any text leaves as many lines."""

from __future__ import annotations

import random
from typing import Final

import pytest

from ameide_telemetry.lint.deployment.templates import filled, merged, rounds
from ameide_telemetry.lint.deployment.yamls import Items, Map

_ROWS: Final = {
    # A line -> what it prints, with the values below.
    "a: {{ .Values.image.name }}": "a: shop",
    "a: {{ .Values.nothing }}": "a: $nothing",
    'a: {{ .Values.nothing | default "b" }}': "a: b",
    "a: {{ .Release.Name }}": "a: $Release_Name",
    "a: {{ .Values.words | toJson }}": 'a: ["run", "x"]',
    "a: {{- toYaml .Values.words | nindent 4 }}": 'a: ["run", "x"]',
    'a: {{ include "shop.name" . }}': "a: $include_shop_name",
    "{{- if .Values.on }}\na: 1\n{{- end }}": "\na: 1\n",
    "{{- if .Values.off }}\na: 1\n{{- else }}\na: 2\n{{- end }}": "\n\n\na: 2\n",
    "{{- if not .Values.off }}\na: 1\n{{- end }}": "\na: 1\n",
    '{{- if eq .Values.image.name "shop" }}\na: 1\n{{- end }}': "\na: 1\n",
    '{{- if ne .Values.image.name "shop" }}\na: 1\n{{- end }}': "\n\n",
    "{{- if and .Values.on .Values.off }}\na: 1\n{{- end }}": "\n\n",
    "{{- if or .Values.on .Values.off }}\na: 1\n{{- end }}": "\na: 1\n",
    "{{- if .Capabilities.x }}\na: 1\n{{- end }}": "\na: 1\n",
    "{{- with .Values.words }}\ncommand:\n  {{- toYaml . | nindent 2 }}\n{{- end }}": (
        '\ncommand:\n  ["run", "x"]\n'
    ),
    "{{- range $name, $one := .Values.jobs }}\na: {{ $one.run }}\n{{- end }}": "\na: first\n",
    "{{- $words := .Values.words }}\na: {{ toJson $words }}": '\na: ["run", "x"]',
    'command:\n  {{- include "shop.command" . | nindent 2 }}': "command:\n  $include_shop_command_nindent_2",
    'labels:\n  {{- include "shop.labels" . | nindent 2 }}': "labels:\n",
}


def _map(**given: object) -> Map:
    found = Map(0)
    found.update(given)
    return found


def _values() -> Map:
    words, jobs = Items(0), _map(a=_map(run="first"), b=_map(run="second"))
    words.extend(["run", "x"])
    return _map(image=_map(name="shop"), words=words, on="true", off="false", jobs=jobs)


@pytest.mark.parametrize("text", _ROWS)
def test_what_a_template_prints(text: str) -> None:
    """Values, conditions, blocks and variables are put in; what nobody can tell has a name with a dollar."""
    assert filled(text, _values()) == _ROWS[text]


def test_a_loop_is_gone_through_item_by_item() -> None:
    """Each round takes the next item, so that all of them stand at the line of the template."""
    text = "{{- range .Values.jobs }}\na: {{ .run }}\n{{- end }}"
    assert list(rounds(text, _values())) == ["\na: first\n", "\na: second\n"]


def test_values_of_another_file_lie_over_those_of_the_chart() -> None:
    """Tables are merged, and anything else is replaced."""
    over = merged(_values(), _map(image=_map(tag="1"), on="no"))
    assert (over["image"], over["on"]) == ({"name": "shop", "tag": "1"}, "no")


def test_any_text_leaves_as_many_lines() -> None:
    """Pieces of templates in any order, deep and long ones too, are read without a failure."""
    pieces = [each for text in _ROWS for each in text.replace("\n", " \n ").split(" ")]
    odd = [
        "{{" * 50,
        "}}" * 50,
        "{{ " + "not " * 400 + "x }}",
        "{{ if " + "(" * 90,
        "{{" + " " * 5000,
        "\0",
        "\n",
    ]
    chosen = random.Random(7)
    for _ in range(300):
        text = " ".join(chosen.choices([*pieces, *odd], k=40))
        assert filled(text, _values()).count("\n") == text.count("\n")
