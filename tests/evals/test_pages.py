"""The pages in a real browser: a run begun and followed there, a person asked, a run looked into, replayed and forked.

Skipped where there is no Chromium (Debian: apt-get install chromium).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.model_server import serving
from tests.agent.scripts import DONE, answer, call, plan, verdict
from tests.evals.served import TOKEN, Served, served, store
from tests.evals.suite_files import write_lamp

from coterie.agent import Settings
from coterie.memory.store import Store

__all__ = ["store"]

COTERIE = Path(sys.executable).with_name("coterie")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no Chromium here; Debian: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.slow]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
HOSTILE = "<img src=x onerror=\"document.title='taken over'\">"
TOOLS = f"""
from coterie.tools import tool

@tool(effect="read")
def order_status(order_id: str) -> str:
    \"\"\"Look up an order by its id.\"\"\"
    return {HOSTILE!r}

@tool(effect="write")
def note(text: str) -> str:
    \"\"\"Write a note.\"\"\"
    return "noted"
"""
LOOK = [
    plan("look up order A-17", "note what it says"),
    call("order_status", order_id="A-17"),
    verdict("done", "it is late"),
    call("note", text="late"),
    DONE,
    answer("A-17 is late; noted."),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))


@pytest.fixture
def page(browser: object) -> Iterator[Page]:
    """A page in which nothing may go wrong unseen."""
    with browser.new_context() as context:  # type: ignore[attr-defined]
        opened: Page = context.new_page()
        opened.set_default_timeout(20_000)
        broken: list[str] = []
        opened.on("pageerror", lambda error: broken.append(str(error)))
        yield opened
        assert broken == []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "orders.py").write_text(TOOLS)
    (tmp_path / "workspace").mkdir()
    quiet = {"memory": False, "builtin_tools": False, "check_coverage": False, "ground_plan": False}
    here = {"home": tmp_path / "home", "workspace": tmp_path / "workspace", "tools": (str(tmp_path / "orders.py"),)}
    return Settings(**here, **quiet, hold_writes=False, max_parallel=1)


def opened(page: Page, api: Served, path: str = "/") -> None:
    page.goto(f"{api.url}/#token={TOKEN}")
    expect(page.get_by_label("Task", exact=True)).to_be_visible()
    if path != "/":
        page.goto(f"{api.url}/#{path}")


def test_a_run_is_begun_answered_and_looked_into(page: Page, settings: Settings, store: Store) -> None:
    with serving(LOOK) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        opened(page, api)
        assert TOKEN not in page.url  # a shared screen or a copied address gives nothing away
        page.get_by_label("Task", exact=True).fill("Is order A-17 late?")
        page.get_by_label("Approval").select_option("ask")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_role("button", name="Run it").click()
        expect(page.get_by_text("A-17 is late; noted.").first).to_be_visible()
        expect(page.get_by_text("success", exact=True)).to_be_visible()
        expect(page.get_by_text(HOSTILE).first).to_be_visible()  # as text
        assert page.title() == "Coterie"
        assert page.locator("main img").count() == 0

        page.get_by_text("prompt, completion, experts").first.click()
        expect(page.get_by_text("look up order A-17").first).to_be_visible()
        page.get_by_role("button", name="Replay").click()
        expect(page.get_by_text("The same as recorded, every step's state by its hash.")).to_be_visible()

        page.get_by_role("link", name="Runs", exact=True).click()
        expect(page.get_by_role("link", name="Is order A-17 late?")).to_be_visible()
        page.get_by_label("Task contains").fill("nothing like it")
        expect(page.get_by_text("No runs here yet.")).to_be_visible()


def test_a_run_is_stopped(page: Page, settings: Settings, store: Store) -> None:
    with serving(LOOK) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        episode = api.begin("Is order A-17 late?", approve="ask")
        opened(page, api, f"/episodes/{episode}")
        expect(page.get_by_text("waiting for you")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_a_run_is_done_again_with_another_result(page: Page, settings: Settings, store: Store) -> None:
    lines = [*LOOK, verdict("done", "it is lost"), call("note", text="lost"), DONE, answer("A-17 is lost; noted.")]
    with serving(lines) as url, served(settings.model_copy(update={"base_url": url}), store) as api:
        episode = api.begin("Is order A-17 late?")
        record = api.ended(episode)
        step = next(s["step_id"] for s in record["steps"] if s["tool_calls"])
        opened(page, api, f"/episodes/{episode}")
        card = page.locator(f"#step-{step}")
        card.get_by_text("run again from here").click()
        card.get_by_label("Result").fill("it is lost")
        card.get_by_role("button", name="Run").click()
        expect(page.get_by_text("0 of 1 ended otherwise than success.")).to_be_visible()
        page.get_by_role("link", name="1", exact=True).click()
        expect(page.get_by_text("A-17 is lost; noted.").first).to_be_visible()
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_text("They part here")).to_be_visible()


@pytest.fixture
def scored(tmp_path: Path) -> None:
    """Two runs of a suite in the home, by processes of their own: Playwright has the event loop of this one."""
    write_lamp(tmp_path)
    environment = os.environ | {"COTERIE_HOME": str(tmp_path / "home")}
    for agent in ("empty", "reference"):
        words = ["eval", "run", "lamp.yaml", "--agent", agent, "--name", agent, "--quiet"]
        subprocess.run([str(COTERIE), *words], cwd=tmp_path, env=environment, check=True, capture_output=True)


@pytest.mark.usefixtures("scored")
def test_scores_memory_and_tools_are_shown(page: Page, settings: Settings, store: Store) -> None:
    with served(settings, store) as api:
        opened(page, api, "/evals")
        for run in ("empty", "reference"):
            page.get_by_label(f"compare {run}").check()
        page.get_by_role("button", name="Compare two").click()
        expect(page.get_by_role("heading", name="reference less empty")).to_be_visible()
        expect(page.get_by_text("100.0 points").first).to_be_visible()
        page.goto(f"{api.url}/#/evals/empty")
        expect(page.get_by_role("cell", name="failed").first).to_be_visible()

        page.get_by_role("link", name="Memory").click()
        page.get_by_label("Statement").fill("The bakery closes at noon.")
        page.get_by_role("button", name="Remember").click()
        expect(page.get_by_role("cell", name="The bakery closes at noon.")).to_be_visible()
        page.get_by_placeholder("What would this task recall?").fill("when does the bakery close")
        page.get_by_role("button", name="Recall").click()
        expect(page.get_by_text("fact-").first).to_be_visible()

        page.get_by_role("link", name="Tools").click()
        expect(page.get_by_text("order_status")).to_be_visible()


def test_what_is_wrong_is_told(page: Page, settings: Settings, store: Store) -> None:
    nobody = settings.model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    with served(nobody, store) as api:
        page.goto(api.url)
        expect(page.get_by_role("alert")).to_contain_text("open the address that coterie ui printed")
        opened(page, api)
        page.get_by_label("Task", exact=True).fill("Is order A-17 late?")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("no model server at http://127.0.0.1:9/v1")
        page.goto(f"{api.url}/#/episodes/ep-none")
        expect(page.get_by_role("alert")).to_contain_text("no episode 'ep-none'")
        page.goto(f"{api.url}/#/nowhere")
        expect(page.get_by_role("alert")).to_contain_text("There is no page nowhere.")
