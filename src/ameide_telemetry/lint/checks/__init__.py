"""The checks of source and deployment, one file each; `table` lists them."""

__all__: list[str] = []
