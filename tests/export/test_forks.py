"""A forked child begins anew, as real processes."""

from __future__ import annotations

import pytest

from support.pipelines import run_program

_FORK = """
    import os, signal, sys
    from support.collector import FakeCollector
    from support.pipelines import collector_settings
    from ameide_telemetry import lifecycle, metrics, traces
    from ameide_telemetry.export import log_records, flush_all
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.resource import build_resource

    with FakeCollector() as collector:
        settings = collector_settings(collector)
        ledger, resource = Ledger(), build_resource(settings)
        spans = traces.install(settings, resource, ledger)
        points = metrics.install(settings, resource, ledger)
        lines = log_records.install(settings, resource, ledger)
        pipelines = [spans.pipeline, points.pipeline, lines.pipeline]
        lifecycle.watch(pipelines, exit_timeout=5, ledger=ledger)
        tracer = spans.tracer("test")
        counter = points.meter("test").create_counter("work.done")
        logger = lines.logger("test")

        def work(times):
            for _ in range(times):
                tracer.start_span("work").end()
                counter.add(1)
                logger.emit(body="done")

        work(100)
        assert flush_all(pipelines, 10)
        work(10)  # still queued when the fork comes
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                status = 1
                try:
                    work(1)
                    result = flush_all(pipelines, 10)
                    counts = ledger.counts()
                    if result and all(counts[name]["emitted"] == 1 for name in ("traces", "metrics", "logs")):
                        status = 0
                    else:
                        print(result, counts, file=sys.stderr)
                finally:
                    os._exit(status)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
        work(1)
        assert flush_all(pipelines, 10)
        print(collector.count("traces"), collector.count("logs"), collector.unparsable)
        newest = {}
        for resource in collector.resources("metrics"):
            ids = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    newest[ids["service.instance.id"]] = metric.sum.data_points[0].as_int
        print(sorted(newest.values()))
"""


def test_a_forked_child_begins_anew() -> None:
    """Four children export one of each with their own threads; nothing is sent or counted twice, or lost."""
    first, second = run_program(_FORK).splitlines()
    assert first == "115 115 0"
    assert second == "[1, 1, 1, 1, 111]"


def test_a_fork_behind_pythons_back_is_noticed() -> None:
    """uWSGI can fork in C, where no hook of Python runs: the child still counts and sends on its own."""
    program = """
        import ctypes, os, signal, time
        from support.pipelines import ScriptedSender, deadline, scripted
        from ameide_telemetry.export.queue import QueuePipeline
        from ameide_telemetry.ledger import SignalLedger

        sender = ScriptedSender()
        sent = QueuePipeline("traces", ledger=SignalLedger(), destination=scripted(sender),
                             delay=60, max_queue_size=10, max_batch_size=10)
        sent.put("parent")
        assert sent.force_flush(deadline(5))
        sent.put("waits")
        time.sleep(0.2)  # the worker sleeps, so nobody else wants the interpreter lock when it is copied
        child = ctypes.PyDLL(None).fork()
        if child == 0:
            signal.alarm(20)
            sent.put("child")
            flushed = sent.force_flush(deadline(10))
            os._exit(0 if flushed.delivered == 1 and sender.sent[-1] == ["child"] else 1)
        status, stopped = os.waitpid(child, 0)[1], sent.shutdown(deadline(5))
        print(status, stopped.delivered, sent.status()["counts"]["emitted"])
    """
    assert run_program(program).strip() == "0 1 2"


def test_a_fork_while_the_lock_is_held_does_not_hang_the_child() -> None:
    """The child gets fresh locks, whatever another thread of the parent was doing."""
    program = """
        import os, signal
        from support.pipelines import ScriptedSender, deadline, scripted
        from ameide_telemetry.export.queue import QueuePipeline
        from ameide_telemetry.ledger import SignalLedger

        sender = ScriptedSender()
        sent = QueuePipeline("traces", ledger=SignalLedger(), destination=scripted(sender),
                             delay=60, max_queue_size=10, max_batch_size=10)
        sent.put("parent")
        with sent._lock, sent._budget._lock:
            child = os.fork()
        if child == 0:
            signal.alarm(10)
            sent.put("child")
            delivered = sent.force_flush(deadline(5)).delivered
            os._exit(0 if delivered == sent.status()["counts"]["emitted"] == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert sent.shutdown(deadline(5)).ok
        print(sender.sent, sent.status()["counts"]["emitted"])
    """
    assert run_program(program).strip() == "[['parent']] 1"


_FORK_WHILE_IMPORTING = """
    import os, pathlib, signal, sys, tempfile, threading, time
    from ameide_telemetry.export.destination import Destination
    from ameide_telemetry.export.queue import QueuePipeline
    from ameide_telemetry.ledger import SignalLedger
    from support.pipelines import ScriptedSender

    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "takes_its_time.py").write_text("import time; begun = True; time.sleep(1)")
    sys.path.insert(0, str(folder))

    def connect():
        import takes_its_time
        return ScriptedSender()

    pipeline = QueuePipeline(
        "traces", ledger=SignalLedger(), destination=Destination("console", "", connect),
        delay=0.01, max_queue_size=10, max_batch_size=1,
    )
    pipeline.put(object())
    while not hasattr(sys.modules.get("takes_its_time"), "begun"):
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        # Takes the place, and so the id, of the thread that held the module's lock in the parent.
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        pipeline.put(object())
        os._exit(0 if pipeline.force_flush(time.monotonic() + 10) else 1)
    print(os.waitpid(child, 0)[1])
"""


def test_a_fork_while_a_worker_imports() -> None:
    """The child finds the module imported, rather than locked by a thread that it does not have."""
    assert run_program(_FORK_WHILE_IMPORTING).split() == ["0"]


_MODULES = """
    import os, signal, sys
    from support.pipelines import collector_settings
    from ameide_telemetry import traces
    from ameide_telemetry.ledger import Ledger
    from ameide_telemetry.resource import build_resource

    class Nobody:
        protocol = "PROTOCOL"
        def endpoint(self, signal=""): return "http://127.0.0.1:9"

    MODULES = ("ameide_telemetry.export.over_http", "requests", "grpc")

    def loaded():
        # Not what an import would find: what is there already.
        return [name in sys.modules for name in MODULES]

    settings = collector_settings(Nobody())
    if STARTED:
        spans = traces.install(settings, build_resource(settings), Ledger())
    assert loaded() == [False] * 3
    pid = os.fork()
    if pid == 0:
        os._exit(sum(2**bit for bit, there in enumerate(loaded()) if there))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize(
    ("protocol", "started", "modules"),
    [("http/protobuf", True, 3), ("http/protobuf", False, 0), ("grpc", True, 0)],
)
def test_children_find_what_they_need_imported(protocol: str, modules: int, *, started: bool) -> None:
    """Many that are made at once would each import it within the time for their exit. gRPC is left alone."""
    program = _MODULES.replace("PROTOCOL", protocol).replace("STARTED", str(started))
    assert run_program(program).strip() == str(modules)
