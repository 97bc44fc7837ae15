"""What the containers may do, what is in their images, what is published, and who can read which database."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.compose import Stack, compose

SERVICES = ("booking", "gateway", "notifier", "zoom_connector")
LARGEST = 200 * 10**6
SECRET = ("_KEY", "_SECRET", "_PASSWORD", "_TOKEN", "BROKER_URL", "DATABASE_URL", "SMTP_URL")
TOOLS = ("pip", "pip3", "gcc", "cc", "make", "git", "curl")


def is_ours(container: Any) -> bool:
    return bool(container.labels["com.docker.compose.service"] not in {"postgres", "rabbitmq", "mailbox", "secrets"})


@pytest.fixture
def ours(stack: Stack) -> dict[str, Any]:
    return {name: one for name, one in stack.containers().items() if is_ours(one)}


def test_every_process_of_ours_is_nobody_on_a_file_system_that_it_cannot_change(ours: dict[str, Any]) -> None:
    assert len(ours) == len(SERVICES) * 3 + 1  # the sandbox
    for name, container in ours.items():
        host = container.attrs["HostConfig"]
        assert container.attrs["Config"]["User"] == "10001:10001", name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name


def test_every_container_says_that_it_is_healthy_and_every_job_has_succeeded(stack: Stack) -> None:
    for name, container in stack.containers().items():
        state = container.attrs["State"]
        if name == "secrets" or name.endswith("-migrate"):
            assert (state["Status"], state["ExitCode"]) == ("exited", 0), name
        else:
            assert state["Health"]["Status"] == "healthy", name


def test_no_image_has_what_builds_and_each_adds_less_than_200_mb(ours: dict[str, Any]) -> None:
    search = f"import shutil; print([one for one in {TOOLS} if shutil.which(one)])"
    for name, container in ours.items():
        if container.status == "running":
            found = container.exec_run(["python", "-c", search])
            assert found.output.decode().strip() == "[]", name
        layers = container.image.history()
        first = next(i for i, layer in enumerate(layers) if "pip uninstall" in layer["CreatedBy"])
        assert sum(layer["Size"] for layer in layers[: first + 1]) < LARGEST, name


def published(stack: Stack) -> Iterator[tuple[str, str, str]]:
    for name, container in stack.containers().items():
        for bindings in (container.attrs["HostConfig"]["PortBindings"] or {}).values():
            for binding in bindings:
                yield name, binding["HostIp"], binding["HostPort"]


def test_the_door_the_sandbox_and_the_mailbox_are_published_on_loopback_and_nothing_else(stack: Stack) -> None:
    assert set(published(stack)) == {
        ("gateway-api", "127.0.0.1", str(stack.port)),
        ("sandbox", "127.0.0.1", str(stack.port + 10)),
        ("mailbox", "127.0.0.1", str(stack.port + 11)),
    }


def test_secrets_are_files_for_one_user_and_stand_in_no_containers_settings(stack: Stack) -> None:
    files = list((stack.folder / "secrets").iterdir())
    assert len(files) > len(SERVICES)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    containers = stack.containers()
    settings = json.dumps([container.attrs for container in containers.values()])
    for name in ("gateway-api", "zoom-connector-api", "notifier-api", "booking-api"):
        secrets = containers[name].exec_run(["sh", "-c", "cat /run/secrets/*"]).output.decode().split()
        assert secrets
        assert not [secret for secret in secrets if secret in settings and secret != "smtp://mailbox:1025"]


@pytest.mark.parametrize("other", ["gateway", "notifier", "zoom_connector", "postgres", "template1"])
def test_a_service_cannot_enter_another_services_database(stack: Stack, other: str) -> None:
    enter = (
        "import pathlib, psycopg; url = pathlib.Path('/run/secrets/booking-database-url').read_text().strip();"
        f"psycopg.connect(url.removesuffix('/booking') + '/{other}')"
    )
    said = stack.containers()["booking-api"].exec_run(["python", "-c", enter])
    assert said.exit_code != 0
    assert f'permission denied for database "{other}"' in said.output.decode()


def test_production_has_vault_in_the_place_of_the_stand_ins(stack: Stack) -> None:
    assert stack.is_ready()
    written = compose({"PORT": str(stack.port + 1), "PROFILE": "production"}, "config", "--format", "json")
    services = json.loads(written)["services"]
    assert not {"sandbox", "mailbox"} & services.keys()
    assert [name for name, one in services.items() if one.get("ports")] == ["gateway-api"]
    for name in ("zoom-connector-api", "zoom-connector-worker"):
        assert services[name]["depends_on"]["vault-init"]["condition"] == "service_completed_successfully"
        assert services[name]["environment"]["VAULT_SECRET_ID_FILE"] == "/run/vault/secret-id"
    for name, one in services.items():
        secrets = [
            key for key in one.get("environment") or {} if key.endswith(("_KEY", "_SECRET", "PASSWORD", "TOKEN"))
        ]
        assert not secrets, name
