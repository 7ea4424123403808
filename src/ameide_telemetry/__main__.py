"""`python -m ameide_telemetry`: the command line without its script."""

from ameide_telemetry.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
