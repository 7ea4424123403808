"""Commands become targets, by the rules of the tools that they start; `table` lists the tools."""

__all__: list[str] = []
