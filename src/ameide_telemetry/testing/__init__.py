"""Tests of what a service really emits: the pytest plugin and what its fixtures give.

plugin       the hooks and fixtures; imports only pytest, so that it costs nothing where it is not used
options      what a test may ask for by the marker
arrival      work that is done when a library is imported, if it ever is
watch        one test run: what is asked for, which test is running, what was found
sink         what one test captured; tests exchange it, never a provider
routing      puts one router on every provider that there is (spans, points, lines, network)
capture      the fixture `telemetry`: queries, assertions, snapshot
query        `.one`, `.all`, `.names`, and what is said where nothing matches
snapshot     the same as plain data that is equal in every run
assertions   what must hold between signals
restoring    logging, warnings and context as they were before the test (`loggers`, `variables`)
topology     the fixture `telemetry_topology`: applications on real ports (`serving`) under names
             (`loopback_names`), what passes between them (`passages`), what must hold of it (`propagated`)
process      the fixture `telemetry_process`: a real server as a process (`child`), driven by `calls`
verdict      the lines of a test against the contract (`rules`: what the project asks of them)
wording      how a verdict is told (`summary`: for the whole run)
"""
