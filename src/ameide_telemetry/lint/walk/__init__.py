"""The walk: what happens, in order, when an entrypoint is started, as far as its source tells."""

__all__: list[str] = []
