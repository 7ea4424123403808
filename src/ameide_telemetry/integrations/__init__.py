"""Frameworks, servers and client libraries: one file each, and each imports its own framework only.

application   the dispatcher behind `instrument_app`
asgi, wsgi    the middleware; `server` is what both need, `exchange` one request in either
surroundings  what another request left around one
inbound       what a request brings along
routes        the route template of an ASGI request
clients       outbound calls
threads       context into threads
"""
