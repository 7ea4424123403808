"""Judges the log lines of services by the contract, and by what no JSON Schema can say.

rules      what is asked of a stream (`config`: where a project says it, in a TOML file)
source     files, pipes and compressed files -> lines
line       the bytes of a line -> record, or why there is none (`torn`: pieces; `quick`: the plain case)
engine     record -> findings by the JSON Schema (`standard`: this package alone; `rust`: jsonschema-rs)
keys, scope, course, personal    what the schema cannot say
shapes     lines that were found good -> patterns that tell at once that another one is as good
groups     findings that say the same, with the first places and a sample (`samples`)
inspector  all of it, for one stream after another
"""
