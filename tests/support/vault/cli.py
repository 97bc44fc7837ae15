"""The few commands of Vault's own CLI that our scripts use, for where there is no CLI: the scripts run as they are."""

import json
import os
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing it would take as long as everything else here.
    from typing import Any

ERROR, NO = 1, 2


def ask(method: str, path: str, body: dict[str, object] | None = None) -> "Any":
    """Send one request; end as the CLI does when it is refused. A socket is enough, and starts ten times as fast."""
    host, _, port = os.environ["VAULT_ADDR"].removeprefix("http://").partition(":")
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"{method} /v1/{path} HTTP/1.0\r\nX-Vault-Token: {os.environ.get('VAULT_TOKEN', '')}\r\n"
    try:
        with socket.create_connection((host, int(port)), 5) as link:
            link.sendall(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
            answer = b"".join(iter(lambda: link.recv(65536), b""))
    except OSError:
        sys.exit(end(ERROR, "connection refused"))
    status, _, found = answer.partition(b"\r\n\r\n")
    if int(status.split()[1]) >= 400:
        sys.exit(end(NO, f"Code: {status.split()[1].decode()}. Errors: {found.decode()}"))
    return json.loads(found or b"{}")


def say(words: object) -> None:
    sys.stdout.write(f"{words}\n")


def end(code: int, words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return code


def options(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Tell `-name=value` and `-name` from the rest, which may hold a lone `-`."""
    named = [argument[1:].partition("=") for argument in arguments if argument.startswith("-") and argument != "-"]
    rest = [argument for argument in arguments if not argument.startswith("-") or argument == "-"]
    return {name: value for name, _, value in named}, rest


def values(pairs: list[str]) -> dict[str, object]:
    """Read `key=value` and `key=@file`."""
    read: dict[str, object] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if value.startswith("@"):
            try:
                with open(value[1:]) as file:  # noqa: PTH123 - pathlib takes long to import
                    value = file.read()
            except OSError:
                sys.exit(end(ERROR, f"error reading file: open {value[1:]}"))
        read[key] = value
    return read


def show(answer: "Any", field: str | None) -> int:
    """Print one field bare, or everything."""
    found = (answer.get("data") or {}) | ({"token": answer["auth"]["client_token"]} if answer.get("auth") else {})
    if field is None:
        say(found)
        return 0
    if field not in found:
        return end(ERROR, f'Field "{field}" not present in secret')
    shown = found[field]
    say("map[" + " ".join(f"{key}:{value}" for key, value in shown.items()) + "]" if isinstance(shown, dict) else shown)
    return 0


def operator(arguments: list[str]) -> int:
    given, rest = options(arguments)
    if rest == ["init"] and "status" in given:
        return 0 if ask("GET", "sys/init")["initialized"] else NO
    if rest == ["init"]:
        made = ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        say(f"Unseal Key 1: {made['keys_base64'][0]}\n\nInitial Root Token: {made['root_token']}\n\nVault initialized")
        return 0
    ask("PUT", "sys/unseal", {"key": rest[1]})
    return 0


def main(arguments: list[str]) -> int:  # noqa: C901 - a table of commands
    """Do one command; give its exit code."""
    command, given, rest = arguments[0], *options(arguments[1:])
    match command, rest:
        case "status", []:
            return NO if ask("GET", "sys/seal-status")["sealed"] else 0
        case "operator", _:
            return operator(arguments[1:])
        case "read", [path]:
            return show(ask("GET", path), given.get("field"))
        case "write", [path, *pairs]:
            return show(ask("PUT", path, values(pairs)), given.get("field"))
        case "secrets", ["enable", kind]:
            ask("POST", f"sys/mounts/{given['path']}", {"type": kind, "options": {"version": given["version"]}})
        case "policy", ["write", name, "-"]:
            ask("PUT", f"sys/policies/acl/{name}", {"policy": sys.stdin.read()})
        case "auth", ["list"]:
            say("Path  Type\n----  ----\n" + "\n".join(f"{path}  x" for path in ask("GET", "sys/auth")["data"]))
        case "auth", ["enable", kind]:
            ask("POST", f"sys/auth/{kind}", {"type": kind})
        case "token", ["lookup"]:
            ask("GET", "auth/token/lookup-self")
        case "token", ["revoke"] if "self" in given:
            ask("PUT", "auth/token/revoke-self", {})
        case _:
            return end(ERROR, f"not known here: {arguments}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
