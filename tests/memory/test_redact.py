"""Redaction: what goes, and what must stay."""

import json

import pytest

from coterie.memory.redact import MASK, Redactor, secret_values

ENVIRON = {"SHOP_API_KEY": "zebra-crossing-42", "PASSWORD": "short", "SSH_AUTH_SOCK": "/tmp/agent.123", "TERM": "xterm"}
# Written in halves, so that no scanner takes this file for a leak.
SECRETS = [
    "sk-" + "proj-abcdefghijklmnopqrstuvwx",
    "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_" + "11ABCDEFG0abcdefghijklmnop",
    "glpat-" + "abcdefghij1234567890",
    "hf_" + "abcdefghijklmnopqrstuvwxyzABCD",
    "xoxb-" + "123456789012-abcdefghijkl",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----",
    "zebra-crossing-42",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_go(secret: str) -> None:
    redacted = Redactor(ENVIRON).text(f"before {secret} after")
    assert redacted == f"before {MASK} after"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [redacted]"),
        ("postgresql://ada:hunter2@db/shop", "postgresql://ada:[redacted]@db/shop"),
        ('{"api_key": "0123456789abcdef"}', '{"api_key": "[redacted]"}'),
        ("export DB_PASSWORD=correcthorse", "export DB_PASSWORD=[redacted]"),
        ("token = 'abcdefgh1'", "token = '[redacted]'"),
    ],
)
def test_the_name_of_a_secret_stays(text: str, kept: str) -> None:
    assert Redactor({}).text(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "The secret: patience. A password must be long; the token: customers",
        "xterm and /tmp/agent.123 and short",
        "See https://example.org/a:b/c@d and sort by key=name",
        "max_tokens=512, prompt_tokens: 12345678",
        "a task about the skill sk-8",
        "日本語 Ünïcödé \x00 \ud800",
    ],
)
def test_prose_stays(text: str) -> None:
    assert Redactor(ENVIRON).text(text) == text


def test_a_value_under_a_secret_name_goes_whole() -> None:
    data = {"password": "correct horse battery", "key": "customer_name", "nested": [{"api_key": "abcdefgh"}], "n": 3}
    assert Redactor({}).data(data) == {
        "password": MASK,
        "key": "customer_name",
        "nested": [{"api_key": MASK}],
        "n": 3,
    }


def test_redacting_twice_changes_nothing() -> None:
    redactor = Redactor(ENVIRON)
    once = redactor.text(" ".join(SECRETS) + " api_key=abcdefghij")
    assert redactor.text(once) == once


def test_only_variables_that_say_so_are_secret() -> None:
    assert secret_values(ENVIRON) == ["zebra-crossing-42"]


def test_a_megabyte_is_quick() -> None:
    text = json.dumps({"rows": ["order A-17 is late, token ring 10:20"] * 25_000})
    assert Redactor(ENVIRON).text(text) == text
