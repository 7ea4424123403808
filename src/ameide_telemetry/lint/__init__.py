"""The lint: every deployed entrypoint reaches the bootstrap before its application exists.

It reads deployment files and source text by the standard library's `ast`, imports nothing of the service,
and knows no OpenTelemetry.
"""

__all__: list[str] = []
