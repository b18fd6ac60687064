"""The reader chooses a broker once: every tab of every page shows it from then on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from faststream_otel.testing import assert_trace
from guide import programs
from guide.expected import EXPECTED
from guide.places import TABS
from tests.docs.site import shown

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

# Notes in each frame that the browser shows which tabs are open, and what moves.
WATCH = """
    window.seen = new Set();
    window.moved = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            if (!entry.hadRecentInput) window.moved += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    (function look() {
        document.querySelectorAll(".tabbed-content").forEach((content) =>
            [...content.children].forEach((block, place) => {
                if (block.checkVisibility()) window.seen.add(place);
            }));
        requestAnimationFrame(look);
    })();
"""

# Presses the copy button of each block that is shown, and reads what it gave.
COPY = """async () => {
    const copied = [];
    for (const block of document.querySelectorAll(".highlight:has(> .filename)")) {
        if (!block.checkVisibility()) continue;
        await navigator.clipboard.writeText("nothing was copied");
        block.querySelector("[data-md-type=copy]").click();
        const file = block.querySelector(".filename").textContent;
        copied.push([file, await navigator.clipboard.readText()]);
    }
    return copied;
}"""


def chosen(page: Page) -> set[str]:
    """The labels of the open tabs."""
    labels: list[str] = page.eval_on_selector_all(
        ".tabbed-set",
        """sets => sets.map(set => {
            const open = [...set.querySelectorAll(".tabbed-block")]
                .findIndex(block => block.checkVisibility());
            return set.querySelectorAll(".tabbed-labels > label")[open].innerText;
        })""",
    )
    return set(labels)


def choose(page: Page, label: str) -> None:
    """Choose a broker in the page's first tab set."""
    page.locator(".tabbed-labels").first.get_by_text(label, exact=True).click()


def test_the_brokers_of_addresses_are_those_of_the_tabs(page: Page) -> None:
    """mkdocs.yml has the table that the tabs are made of."""
    page.goto("/")
    table = page.evaluate("[...brokers]")
    assert [(label, slug) for slug, label in table] == list(TABS.items())


def is_of(broker: str, file: str) -> bool:
    """Whether a file of docs_src is this broker's: a step's, or the full example's."""
    return file.startswith(f"{broker}/") or file.endswith(f"/brokers/{broker}.py")


@pytest.mark.parametrize("label", TABS)
def test_a_chosen_broker_stays_chosen(
    context: BrowserContext, page: Page, with_tabs: list[str], label: str
) -> None:
    """One click switches every tab, of all pages; what they copy is that broker's."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/chain/")
    assert chosen(page) == {"Kafka"}
    assert page.locator(".tabbed-set").count() > 1

    choose(page, label)
    assert chosen(page) == {label}
    for address in with_tabs:
        page.goto(address)
        assert chosen(page) == {label}, address
        copied = page.evaluate(COPY)
        assert any(is_of(TABS[label], file) for file, _ in copied), address
        for file, text in copied:
            assert text == shown(file).removesuffix("\n"), file


def test_the_address_says_which_broker_is_chosen(page: Page) -> None:
    """It can be shared; it says nothing until there is something to say."""
    page.goto("/chain/#in-one-process")
    assert page.url.endswith("/chain/#in-one-process")
    choose(page, "RabbitMQ")
    assert page.url.endswith("/chain/?broker=rabbit")
    choose(page, "NATS")
    assert page.url.endswith("/chain/?broker=nats")
    page.goto("/first-trace/#run-it")
    assert page.url.endswith("/first-trace/?broker=nats#run-it")
    # A page without tabs has nothing to say of brokers.
    page.goto("/contributing/")
    assert page.url.endswith("/contributing/")


@pytest.mark.parametrize(("label", "slug"), TABS.items())
def test_an_address_chooses_a_broker(page: Page, label: str, slug: str) -> None:
    """A shared address opens its broker's tabs, whatever was chosen, and lasts."""
    page.goto("/chain/")
    choose(page, "Redis")
    page.goto(f"/first-trace/?broker={slug}#run-it")
    assert chosen(page) == {label}
    page.goto("/chain/")
    assert chosen(page) == {label}


def test_an_address_chooses_on_a_page_without_tabs(page: Page) -> None:
    """A link to the first page may choose as well."""
    page.goto("/?broker=mqtt")
    page.goto("/chain/")
    assert chosen(page) == {"MQTT"}


def test_an_address_with_another_name_chooses_nothing(page: Page) -> None:
    """What is no broker's name is not stored, and breaks nothing."""
    page.goto("/chain/?broker=toString")
    page.goto("/chain/?broker=<b>")
    assert chosen(page) == {"Kafka"}
    choose(page, "NATS")
    page.goto("/chain/?broker=pigeon")
    assert chosen(page) == {"NATS"}


def test_a_link_to_a_section_has_the_broker(page: Page) -> None:
    """Who follows it sees what the one who copied it saw."""
    page.goto("/chain/")
    choose(page, "NATS")
    link = page.locator("#in-one-process .headerlink")
    address = link.evaluate("link => link.href")
    assert address.endswith("/chain/?broker=nats#in-one-process")


@pytest.mark.parametrize("address", ["/chain/?slow", "/first-trace/?slow"])
def test_no_other_broker_is_shown_first(page: Page, address: str) -> None:
    """On a slow network too: nothing flashes, and nothing moves."""
    page.goto("/?broker=nats")
    page.add_init_script(WATCH)
    page.goto(address, wait_until="networkidle")
    page.locator(".tabbed-set").first.wait_for()
    assert page.evaluate("[...seen]") == [list(TABS).index("NATS")]
    assert page.evaluate("moved") < 0.01


def test_a_broker_is_chosen_by_keyboard(page: Page) -> None:
    """The arrow keys switch every tab set too, and what has the focus is marked."""
    page.goto("/chain/")
    page.locator(".tabbed-set > input").first.focus()
    page.keyboard.press("ArrowRight")
    assert chosen(page) == {"Confluent"}
    assert page.url.endswith("?broker=confluent")
    outline = page.locator(".tabbed-labels").first.evaluate(
        "labels => getComputedStyle(labels).outlineStyle"
    )
    assert outline == "solid"


def test_brokers_are_read_without_scripts(browser: Browser, home: str) -> None:
    """Without JavaScript each tab still opens."""
    context = browser.new_context(base_url=home, java_script_enabled=False)
    page = context.new_page()
    page.goto("/chain/")
    program = page.locator(".highlight", has_text="nats/chain.py")
    assert not program.is_visible()
    choose(page, "NATS")
    assert program.is_visible()
    assert "NatsBroker" in program.inner_text()
    context.close()


def test_paper_has_the_chosen_broker(page: Page) -> None:
    """Printed are its programs, its name above each, and no menus."""
    page.goto("/chain/?broker=nats")
    page.emulate_media(media="print")
    for tabs in page.locator(".tabbed-set").all():
        shown = [label for label in tabs.locator("label").all() if label.is_visible()]
        assert [label.inner_text() for label in shown] == ["NATS"]
        [block] = [
            block for block in tabs.locator(".tabbed-block").all() if block.is_visible()
        ]
        assert "nats/chain" in block.locator(".filename").inner_text()
    for menu in (".md-header", ".md-sidebar", ".md-footer", ".md-code__nav"):
        for element in page.locator(menu).all():
            assert not element.is_visible(), menu


def test_what_is_copied_runs(
    context: BrowserContext,
    page: Page,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program that a reader copies records the trace that the page shows."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/chain/?broker=nats")
    block = page.locator(".highlight:visible").first
    block.get_by_role("button", name="Copy nats/chain.py").click()
    copied = tmp_path / "nats" / "chain.py"
    copied.parent.mkdir()
    copied.write_text(page.evaluate("navigator.clipboard.readText()"))

    monkeypatch.setattr(programs, "PROGRAMS", tmp_path)
    # The browser's event loop is in this thread.
    with ThreadPoolExecutor(1) as elsewhere:
        trace = elsewhere.submit(programs.Program("nats", "chain").record).result()
    assert_trace(trace, EXPECTED["chain"])
    shown = page.locator("figure.trace:visible .trace-name:visible").all_text_contents()
    assert shown == [span.name for _, span in trace.walk()]
