"""Several workers and browsers at the same moment."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread

from integration.zoom_connector.bench import Bench

ZOE = "zoe@zoom.example"


def at_once(works: Sequence[Callable[[], object]]) -> list[Exception]:
    """Do it all at the same moment; give what failed."""
    start, failed = Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - judged by the caller
            failed.append(error)

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def returned(bench: Bench, host_id: str = "h1", email: str = ZOE) -> Callable[[], object]:
    """Let a host consent in Zoom; give what completes it."""
    back = bench.zoom.allow(bench.parts.connecting.begin(host_id), email)
    return lambda: bench.parts.connecting.complete(host_id, state=back["state"], code=back["code"], error=None)


def works(bench: Bench, host_id: str) -> bool:
    """Say whether a host's connection is of use."""
    return bool(bench.parts.access(host_id).me().user_id)
