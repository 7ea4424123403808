"""Generated lines as servers, databases, kernels and services write them, with nothing to redact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

_PLACE: Final = re.compile(r"<(\w+)>")
SHAPES: Final = tuple(
    r"""
<ip> - - [22/Nov/2026:18:<d2>:<d2> +0000] "GET /v2/<word>/<hex8> HTTP/1.1" 200 <d4> "-" "curl/8.<d2>.0"
<ip> - alice [22/Nov/2026:18:<d2>:<d2> +0100] "POST /api/<word> HTTP/2.0" 201 <d3> "-" "Mozilla/5.0 (X11; Linux x86_64)"
2026/11/22 18:<d2>:<d2> [error] <d4>#0: *<d5> upstream timed out (110: Connection timed out) while reading, client: <ip>
2026/11/22 18:<d2>:<d2> [notice] <d4>#0: signal process started
INFO:     <ip>:<d5> - "GET /<word>/<d3> HTTP/1.1" 200 OK
[2026-11-22 18:<d2>:<d2> +0000] [<d4>] [INFO] Booting worker with pid: <d5>
[2026-11-22 18:<d2>:<d2> +0000] [<d4>] [CRITICAL] WORKER TIMEOUT (pid:<d5>)
haproxy[<d4>]: <ip>:<d5> [22/Nov/2026:18:<d2>:<d2>.<d3>] web~ app/srv<d2> 0/0/1/<d3>/<d3> 200 <d4> - - ---- 1/1/0/0/0 0/0
traefik: time="2026-11-22T18:<d2>:<d2>Z" level=info msg="Configuration loaded" providerName=kubernetes
envoy [2026-11-22T18:<d2>:<d2>.<d3>Z] "GET /<word> HTTP/2" 200 - via_upstream - "-" 0 <d4> <d2> <d2> "-" "<uuid>" "<word>:8080"
LOG:  checkpoint complete: wrote <d4> buffers (<d2>.1%); 0 WAL file(s) added; write=<d2>.<d3> s, sync=0.00<d1> s
ERROR:  deadlock detected at character <d2> DETAIL:  Process <d4> waits for ShareLock on transaction <d5>
FATAL:  password authentication failed for user "<word>"
LOG:  automatic vacuum of table "shop.public.<word>": index scans: <d1>, pages: 0 removed, <d4> remain
ERROR:  relation "<word>" does not exist at character <d2>
STATEMENT:  SELECT count(*) FROM <word> WHERE id = $1
2026-11-22T18:<d2>:<d2>.<d6>Z <d2> [Note] InnoDB: Buffer pool(s) load completed at 261122 18:<d2>:<d2>
[Warning] Aborted connection <d4> to db: 'shop' user: '<word>' host: 'web-<d2>' (Got timeout reading packets)
<d4>:M 22 Nov 2026 18:<d2>:<d2>.<d3> * Background saving started by pid <d5>
<d4>:C 22 Nov 2026 18:<d2>:<d2>.<d3> # Redis version=7.2.<d1>, bits=64, commit=<hex8>, modified=0, pid=<d4>
{"t":{"$date":"2026-11-22T18:<d2>:<d2>.<d3>+00:00"},"s":"I","c":"NETWORK","id":<d5>,"ctx":"conn<d3>","msg":"Connection ended"}
[2026-11-22T18:<d2>:<d2>,<d3>][INFO ][o.e.c.m.MetadataCreateIndexService] [node-<d1>] [<word>] creating index, cause [api]
I1122 18:<d2>:<d2>.<d6> <d5> reconciler.go:<d3>] "operationExecutor.VerifyControllerAttachedVolume started" pod="<word>/<word>-<hex8>-x2x4z"
E1122 18:<d2>:<d2>.<d6> <d5> pod_workers.go:<d3>] "Error syncing pod, skipping" err="failed to start container" podUID=<uuid>
Successfully assigned default/<word>-<hex8> to node-<d2>.eu-west-1.compute.internal
Pulled image "registry.corp.internal/<word>@sha256:<hex64>" in <d1>.<d3>s (<d1>.<d3>s including waiting)
Readiness probe failed: Get "http://<ip>:8080/healthz": dial tcp <ip>:8080: connect: connection refused
Scaled up replica set <word>-<hex8> to <d1> from <d1>
level=warn ts=2026-11-22T18:<d2>:<d2>.<d3>Z caller=scrape.go:<d4> component="scrape manager" msg="Append failed" err="out of order sample"
level=info ts=<epochs> caller=main.go:<d3> msg="Server is ready to receive web requests."
2026-11-22 18:<d2>:<d2>,<d3> INFO  [main] org.apache.hadoop.hdfs.StateChange: BLOCK* allocateBlock: /user/root/<word>. blk_-<d18>
2026-11-22 18:<d2>:<d2>,<d3> WARN  DataXceiver: <ip>:50010:Got exception while serving blk_<d18> to /<ip>:
java.lang.NullPointerException: Cannot invoke "com.shop.<word>.get()" because "this.token" is null
	at com.shop.<word>.Handler.invoke(Handler.java:<d3>)
Caused by: java.io.IOException: Connection reset by peer at java.base/sun.nio.ch.SocketDispatcher.read0(Native Method)
[GC (Allocation Failure) [PSYoungGen: <d5>K->+33554432K(<d6>K)] <d6>K->39496K(<d6>K), 0.0<d2> secs]
2026-11-22 18:<d2>:<d2>.<d3>  INFO <d5> --- [nio-8080-exec-<d1>] o.s.web.servlet.DispatcherServlet : Completed initialization in <d2> ms
17/06/09 20:<d2>:<d2> INFO executor.CoarseGrainedExecutorBackend: Connecting to driver: spark://CoarseGrainedScheduler@<ip>:<d5>
[kafka-producer-network-thread | producer-<d1>] WARN NetworkClient - Error while fetching metadata with correlation id <d4> : {<word>=LEADER_NOT_AVAILABLE}
kernel: [<d5>.<d6>] usb 1-1: new high-speed USB device number <d2> using xhci_hcd
kernel: Out of memory: Killed process <d5> (python) total-vm:<d6>kB, anon-rss:<d6>kB, file-rss:0kB, oom_score_adj:0
kernel: eth0: Link is Up - 1000 Mbps - Full Duplex, address 0a:1b:2c:3d:4e:5f
kernel: nf_conntrack: table full, dropping packet IN=eth0 SRC=<ip> DST=<ip> LEN=<d2> PROTO=TCP SPT=<d5> DPT=443
systemd[1]: getty@tty1.service: Succeeded.
systemd[1]: Started User Manager for UID 1000 (user@1000.service).
sshd[<d5>]: Accepted publickey for deploy from <ip> port <d5> ssh2: RSA SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
sshd[<d5>]: Failed password for invalid user admin from <ip> port <d5> ssh2
sshd[<d5>]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=<ip>
postfix/smtpd[<d4>]: <HEX10>: client=unknown[<ip>], dsn=4.0.0, stat=Deferred: Connection refused
CRON[<d5>]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)
Traceback (most recent call last):
  File "/srv/app/<word>.py", line <d3>, in handle
    token = get_token(request)
    user = login(name, password=form.password, otp=None)
    headers = {"Authorization": f"Bearer {token}"}
ValueError: invalid literal for int() with base 10: '<word>'
KeyError: 'password'
SyntaxError: token: unexpected '}' in line <d3>
celery.worker.strategy: Task <word>.tasks.run[<uuid>] received
celery.app.trace: Task <word>.tasks.run[<uuid>] succeeded in 0.<d6>s: None
sqlalchemy.engine.Engine BEGIN (implicit)
sqlalchemy.engine.Engine SELECT <word>.id, <word>.state FROM <word> WHERE <word>.id = ?
HTTP Request: GET http://<word>.svc.cluster.local:8080/api/v1/items "HTTP/1.1 200 OK"
order <d16> placed for tenant <word> in <d3> ms
retrying in <d1>.<d2>s (attempt <d1> of 5): <word> answered 503
cache miss for key=<word>:<hex8> ttl=<d3>
token_count=<d4> prompt_tokens=<d3> completion_tokens=<d3> model=gpt-4o
password_reset_required=false email_sent=true zip_file=<word>.zip ip_version=4
published <word>@<d1>.<d2>.<d1>-beta.<d1> to the registry, left-pad@1.3.0 is unchanged
cloned git@github.com:org/<word>.git at <hex40>
span ended trace_id=<hex32> span_id=<hex16> sampled=true duration_ns=<epochns>
traceparent: 00-<hex32>-<hex16>-01
windows: Loaded Servicing Stack v6.1.7601.<d5> with Core: C:\Windows\winsxs\amd64_<hex16>\cbscore.dll
select a plan from the list before <d2> days have passed
update to version <d1>.<d2>.<d3>.<d2> is available; call the operator
Bearer authentication required for /<word>
""".strip("\n").split("\n")  # noqa: E501
)
"""At least sixty of them; what stands in angle brackets is filled in."""
_WORDS: Final = (
    "orders",
    "checkout",
    "invoices",
    "inventory",
    "billing",
    "search",
    "worker",
    "gateway",
    "catalog",
)
_RANGES: Final = {"epochs": (10**9, 2 * 10**9), "epochns": (10**18, 2 * 10**18)}


def line(random: Random) -> str:
    """Return one line of any shape."""
    return _PLACE.sub(lambda place: _filled(place[1], random) or place[0], random.choice(SHAPES))


def _filled(kind: str, random: Random) -> str:
    if kind == "word":
        return random.choice(_WORDS)
    if kind == "ip":
        return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"
    if kind == "uuid":
        digits = f"{random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    if kind in _RANGES:
        return str(random.randrange(*_RANGES[kind]))
    size = int(kind.lstrip("dhexHEX") or 0)
    if kind.startswith("d"):
        return "".join(random.choices("0123456789", k=size))
    digits = f"{random.getrandbits(4 * size):0{size}x}"
    return digits.upper() if kind.startswith("HEX") else digits
