"""One running booking service for each file of tests; each test signs up hosts of its own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from werkzeug.serving import make_server

from booking import bootstrap
from booking.settings import Settings
from integration.booking.service import KEY, PUBLIC_URL, SUNDAY, Clock, Json, Service
from shared import migrations
from shared.database import Database
from shared.outbox import OUTBOX


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data: Path = tmp_path_factory.mktemp("booking")
    url, clock = f"sqlite:///{data}/booking.sqlite3", Clock()
    migrations.migrate(url, "booking")
    settings = Settings(database_url=url, public_url=PUBLIC_URL, service_key=KEY, data=data)
    server = make_server("127.0.0.1", 0, bootstrap.app(settings, clock=clock), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    made = Service(f"http://127.0.0.1:{server.server_port}", Database(url, pool_size=16), clock, data)
    yield made
    made.session.close()
    server.shutdown()
    thread.join()
    server.server_close()
    made.database.close()


@pytest.fixture
def service(running: Service) -> Service:
    running.clock.now = SUNDAY
    with running.database.write() as tx:
        tx.execute(delete(OUTBOX))
    return running


@pytest.fixture
def host(service: Service) -> Json:
    return service.sign_up()
