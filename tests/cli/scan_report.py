"""quern scan --report: the page in a headless Chromium, as wide as a phone and as a desk, light, dark and on paper.

What a browser must see: nothing beside the page itself, no page wider than its window, no text that overflows or covers other
text in a chart, colours in every chart. Without Chromium or Pillow only what needs neither is asked, and the rest is skipped, loudly.
"""
import html.parser
import io
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

import browser
from command import PROJECT, Command, main

try:
    from PIL import Image
except ImportError:
    Image = None

EXAMPLE = ("--chains", "examples/scan/chains", "--earnings", "examples/scan/reports.csv", "--prices", "examples/scan/daily.csv",
           "--sectors", "examples/scan/sectors.csv")
PAGE = os.environ.get("SCAN_PAGE")  # writes the report of a scan made by hand
PHONE, DESK, NARROW = (390, 844), (1280, 900), (360, 640)
COLOURS = 60  # that a chart has at least: its own and those between them at edges
HUES = 2  # of twelve, that a chart has at least, on
HUE_PIXELS = 40  # pixels each
CONTRAST = 4.5  # WCAG 2.1, 1.4.3: of text on what is behind it

# Elements whose text is wider than they are, where they do not scroll; beside them those that reach over the window's side.
OVERFLOWING = """(() => {
  const found = [], wide = document.documentElement.clientWidth;
  for (const e of document.querySelectorAll("main *")) {
    if (e.closest(".scroll, svg, thead")) continue;
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > wide + 0.5 || box.left < -0.5 || e.clientWidth && e.scrollWidth > e.clientWidth + 1))
      found.push(e.tagName + ": " + e.textContent.slice(0, 60));
  }
  return found;
})()"""

# Texts of one chart that lie over one another, or reach out of it.
TOUCHING = """(() => {
  const found = [];
  for (const svg of document.querySelectorAll("figure svg")) {
    const side = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")];
    const boxes = texts.map(t => t.getBoundingClientRect());
    for (let i = 0; i < boxes.length; i++) {
      const a = boxes[i];
      if (a.left < side.left - 1 || a.right > side.right + 1 || a.top < side.top - 1 || a.bottom > side.bottom + 1)
        found.push("out of the chart: " + texts[i].textContent);
      for (let j = 0; j < i; j++) {
        const b = boxes[j], down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        if (across > 1 && down > 0.35 * Math.min(a.height, b.height))
          found.push(texts[i].textContent + " over " + texts[j].textContent);
      }
    }
  }
  return found;
})()"""

# Where the charts of each ticker are, whole rows of the page.
ROWS = """[...document.querySelectorAll(".charts")].map(e => e.getBoundingClientRect())
  .map(b => [0, b.top + scrollY, innerWidth, b.height])"""
CHARTS = """[...document.querySelectorAll(".charts")].map(e => [...e.querySelectorAll("svg")]
  .map(s => [s.getBoundingClientRect(), e.getBoundingClientRect()]).map(([s, r]) => [s.left, s.top - r.top, s.right, s.bottom - r.top]))"""

# Words with too little contrast to the paper or card behind them.
PALE = """(() => {
  const found = [], numbers = c => c.match(/[0-9.]+/g).map(Number);
  const light = c => {
    const [r, g, b] = numbers(c).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (numbers(c).length < 4 || numbers(c)[3] > 0) return c;
    }
    return "rgb(255, 255, 255)";
  };
  for (const e of document.querySelectorAll("main *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.nodeValue.trim()) || e.closest("title, desc")) continue;
    const style = getComputedStyle(e), a = light(e.closest("svg") ? style.fill : style.color), b = light(behind(e));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < %s) found.push(contrast.toFixed(2) + " " + e.textContent.slice(0, 40));
  }
  return [...new Set(found)];
})()""" % CONTRAST


def hues(picture):
    """Which of twelve hues are there, on so many pixels that are neither grey nor nearly black."""
    counts = {}
    for count, (hue, saturation, value) in picture.convert("HSV").getcolors(1 << 20):
        if saturation > 50 and value > 60:
            counts[hue * 12 // 256] = counts.get(hue * 12 // 256, 0) + count
    return [hue for hue, count in counts.items() if count > HUE_PIXELS]


class Balance(html.parser.HTMLParser):
    """Sees that elements are closed by their own tags, and that no id comes twice."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.targets = [], [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.handle_attributes(attributes)

    def handle_startendtag(self, tag, attributes):
        self.handle_attributes(attributes)

    def handle_attributes(self, attributes):
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("aria-labelledby", "href"):
                self.targets += value.lstrip("#").split()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()}")


class Report(Command):
    def example(self):
        path = os.path.join(self.folder, "report.html")
        self.succeeds("scan", *EXAMPLE, "--report", path, cwd=PROJECT)
        return path

    def made(self, kind, count):
        path = os.path.join(self.folder, kind + ".html")
        subprocess.run([PAGE, path, kind, str(count)], check=True)
        return path


class Text(Report):
    def test_elements_are_balanced_and_charts_are_xml(self):
        with open(self.example(), encoding="utf-8") as file:
            text = file.read()
        parser = Balance()
        parser.feed(text)
        parser.close()
        self.assertEqual(parser.open, [])
        self.assertEqual(len(parser.ids), len(set(parser.ids)))
        self.assertLessEqual(set(parser.targets), set(parser.ids))
        charts = re.findall(r"<svg.*?</svg>", text, re.S)
        self.assertGreaterEqual(len(charts), 6)
        for chart in charts:
            xml.etree.ElementTree.fromstring(chart)
        named = [c for c in charts if 'role="img"' in c]
        self.assertTrue(all(re.search(r"<title id=[^>]*>[^<]+</title><desc id=[^>]*>[^<]+</desc>", c) for c in named))

    def test_it_says_what_the_scan_says(self):
        with open(self.example(), encoding="utf-8") as file:
            text = file.read()
        for words in ("<bdi>QRN</bdi>", "<bdi>STN</bdi>", "<bdi>OAT</bdi>", "events-250", "advice"):
            self.assertIn(words, text)

    def test_a_place_that_cannot_be_written_is_an_error(self):
        code, _, err = self.run_quern("scan", *EXAMPLE, "--report", "/nowhere/report.html", cwd=PROJECT)
        self.assertNotEqual(code, 0)
        self.assertIn("/nowhere/report.html", err)
        self.fails(2, "does not end in .html", "scan", *EXAMPLE, "--report", "report.pdf", cwd=PROJECT)


@unittest.skipUnless(browser.find() and Image and PAGE, "SKIPPED: the report is not looked at: Chromium or Pillow is not here "
                     "(Debian: chromium, python3-pil)")
class Screen(Report):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser(browser.find())
        cls.addClassCleanup(cls.browser.close)

    def look(self, path, size, scheme, media=""):
        """Opens the page and asks what holds for every page in every window."""
        self.browser.open(path, *size, scheme, media)
        self.assertEqual(self.browser.messages, [])
        width = self.browser.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(width, size[0])
        self.assertEqual(self.browser.evaluate(OVERFLOWING), [])
        self.assertEqual(self.browser.evaluate(TOUCHING), [])

    def colours(self, path, size, scheme):
        """Looks at every chart; gives the colour of the paper."""
        self.look(path, size, scheme)
        self.assertEqual(self.browser.evaluate(PALE), [])
        rows, charts = self.browser.evaluate(ROWS), self.browser.evaluate(CHARTS)
        self.assertEqual([len(row) for row in charts], [3, 3])
        for row, boxes in zip(rows, charts):
            picture = Image.open(io.BytesIO(self.browser.screenshot(row))).convert("RGB")
            self.assertEqual(picture.width, size[0])
            for box in boxes:
                self.assertGreater(box[2] - box[0], 250)
                chart = picture.crop([round(side) for side in box])
                self.assertGreater(len(chart.getcolors(1 << 20)), COLOURS)
                self.assertGreaterEqual(len(hues(chart)), HUES)
        if folder := os.environ.get("SCAN_SCREENS"):
            with open(os.path.join(folder, f"{os.path.basename(path)}-{size[0]}-{scheme}.png"), "wb") as file:
                file.write(self.browser.screenshot())
        return picture.getpixel((1, 1))

    def test_the_example_is_readable_on_a_phone_and_a_desk_light_and_dark(self):
        path = self.example()
        for size in (PHONE, DESK):
            self.assertGreater(min(self.colours(path, size, "light")), 240)
            self.assertLess(max(self.colours(path, size, "dark")), 50)

    def test_all_kinds_of_trades_have_their_charts(self):
        self.look(self.made("whole", 5), DESK, "light")
        self.assertEqual([len(row) for row in self.browser.evaluate(CHARTS)], [3, 3, 3, 3, 2])
        self.look(self.made("whole", 5), NARROW, "light")

    def test_texts_that_want_to_break_the_page_do_not(self):
        path = self.made("hostile", 3)
        for size in (NARROW, DESK):
            self.look(path, size, "light")
            self.assertTrue(self.browser.evaluate("document.title").startswith("Earnings scan"))
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('section.ticker').length"), 3)
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('script, img').length"), 0)

    def test_what_is_not_known_leaves_a_page(self):
        self.look(self.made("empty", 2), PHONE, "dark")

    def test_on_paper_it_is_light_and_what_was_folded_is_there(self):
        self.browser.open(self.example(), 794, 1123, "dark", "print")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertTrue(self.browser.evaluate("[...document.querySelectorAll('details table')].every(e => e.getBoundingClientRect().height > 50)"))


if __name__ == "__main__":
    main()
