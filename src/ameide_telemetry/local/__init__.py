"""The embedded default: what a production platform does with telemetry, on one machine and in small.

    receiver    takes OTLP over HTTP on loopback (wire, otlp and decode read the bytes)
    lines       reads a service's stdout, one line at a time, and shows it to a human
    child       runs a service and hands over its lines
    store       keeps spans, lines and metric points in sqlite
    tree        draws one trace with its lines in their place (style and text know about terminals)
    records     the shapes that all of them pass around

Nothing is imported here: a reader of traces needs neither the receiver nor the protocol's messages.
"""
