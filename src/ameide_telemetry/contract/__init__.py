"""The one registry of names and policies: what telemetry looks like, whoever emits it.

`telemetry.toml` is the registry. On the way in, `vocabulary` holds the words it may use, `shape` its tables,
`model` its values, `rules` and `patterns` the policies about them, and `load` does the reading. On the way
out, `constants` makes `names` (all that the runtime imports), `schema` the JSON Schema of a log line,
`reference` the page for readers; `derived` lists the generated files. `conformance` judges one log record.
Standard library only.
"""
