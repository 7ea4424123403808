"""Every code that a finding can have, with its page.

`registry` names them; `pages` holds one Markdown page per code, shipped in the package, so that
`ameide-telemetry explain` answers without a network.
"""
