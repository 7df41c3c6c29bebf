"""The demo in a real browser; its picture is left in .sandbox/e2e.png."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from sandbox.paths import ROOT
from tests.e2e.packages import CHROMIUM
from tests.e2e.real_nodes import MARKS

pytestmark = MARKS

PICTURE = ROOT / ".sandbox" / "e2e.png"


@pytest.fixture
def page() -> Iterator[Page]:
    """An empty tab of Chromium, of the size that the README's picture has."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser.new_page(viewport={"width": 800, "height": 400})
        browser.close()


def test_a_browser_is_led_by_form_and_links(
    url: str, page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.goto(url)
    page.screenshot(path=PICTURE)
    with capsys.disabled():
        print(f"\n{url}\n{page.title()}\n{PICTURE.relative_to(ROOT)}")
    assert page.title() == "Sandbox demo"

    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button").click()
    page.wait_for_url(f"{url}hello/Ada")
    assert page.title() == "Hello, Ada"

    page.get_by_role("link").click()
    page.wait_for_url(url)
