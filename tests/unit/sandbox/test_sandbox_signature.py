"""The signature of an event, against values that another program computed."""

from sandbox.zoom.courier import hexdigest, signature


def test_a_signature_is_what_openssl_computes() -> None:
    # printf 'v0:1700000000:{…}' | openssl dgst -sha256 -hmac 'a secret token'
    body = rb'{"event":"meeting.deleted","payload":{"object":{"topic":"Gr\u00fc' + "ße".encode() + b'"}}}'
    wanted = "v0=36c8ff933cd07365f054e00aa186ed76fc46c05bd4df4837a56b21a3c005ee1b"
    assert signature("a secret token", "1700000000", body) == wanted


def test_an_encrypted_token_is_what_openssl_computes() -> None:
    # printf 'qgg8vlvZRS6UYooatFL8Aw' | openssl dgst -sha256 -hmac 'a secret token'
    wanted = "a06dceb1de2cfd931d0c4cf987e1197ff72762d5b7b97128d3a7b9f209ffbd77"
    assert hexdigest("a secret token", b"qgg8vlvZRS6UYooatFL8Aw") == wanted
