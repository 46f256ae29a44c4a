"""Settings: defaults < file < environment < flags, and every unknown or wrong one is told."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from coterie import model
from coterie.agent.settings import Settings, SettingsError, load


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "coterie.toml").write_text('seed = 1\nmax_steps = 1\nmodel = "file"\ntools = ["a.py"]')
    environ = {"COTERIE_MAX_STEPS": "2", "COTERIE_MODEL": "environment", "OTHER": "x", "COTERIE_HOME": str(tmp_path)}
    settings = load({"model": "flag", "seed": None}, environ, tmp_path)
    assert (settings.seed, settings.max_steps, settings.model) == (1, 2, "flag")
    assert settings.tools == ("a.py",)
    assert settings.home == tmp_path
    assert settings.max_tool_calls == Settings().max_tool_calls


def test_lists_and_switches_from_the_environment(tmp_path: Path) -> None:
    settings = load(None, {"COTERIE_TOOLS": "a.py, b", "COTERIE_MEMORY": "false", "COTERIE_MODEL": ""}, tmp_path)
    assert settings.tools == ("a.py", "b")
    assert settings.memory is False
    assert settings.model == "coterie", "an empty variable is one that is not set"


@pytest.mark.parametrize(
    ("file", "environ", "flags", "message"),
    [
        ("max_step = 3", {}, {}, "unknown setting 'max_step' in .*coterie.toml; did you mean 'max_steps'?"),
        ("", {"COTERIE_APROVE": "ask"}, {}, "unknown setting 'aprove' in the environment; did you mean 'approve'?"),
        ("", {"COTERIE_MAX_STEPS": "many"}, {}, "setting 'max_steps' in the environment: .*'many'"),
        ("approve = 'maybe'", {}, {}, "setting 'approve' in .*: Input should be 'auto', 'ask' or 'deny', got 'maybe'"),
        ("", {}, {"max_tokens": -1}, "setting 'max_tokens' in a flag: .*greater than 0, got -1"),
        ("seed = ", {}, {}, "cannot be read as TOML"),
        ("xyzzy = 1", {}, {}, "unknown setting 'xyzzy' .*there are allow_network, api_key"),
    ],
)
def test_what_cannot_be_used_is_told(
    tmp_path: Path, file: str, environ: dict[str, str], flags: dict[str, object], message: str
) -> None:
    (tmp_path / "coterie.toml").write_text(file)
    with pytest.raises(SettingsError, match=message):
        load(flags, environ, tmp_path)


def test_what_other_parts_read_themselves_is_no_error(tmp_path: Path) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(model.__path__[0]).rglob("*.py"))
    read = set(re.findall(r'"(COTERIE_[A-Z_]+)"', sources))
    assert {"COTERIE_KERNELS", "COTERIE_CPU_ISA", "COTERIE_ROUTES", "COTERIE_EXPERT_WEIGHTS"} <= read
    load(None, dict.fromkeys(sorted(read), "1"), tmp_path)


def test_a_key_is_never_shown() -> None:
    settings = Settings(api_key="very-secret")
    assert "very-secret" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        load({"api_key": ["very-secret"]}, {}, Path("/"))
    assert "very-secret" not in str(caught.value)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().seed = 3  # type: ignore[misc]
