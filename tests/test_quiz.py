"""Questions that the page marks, long tables and scorecards: in the build, and in a browser."""

import demo
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_book import execute
from test_extensions import warnings
from test_page import (  # noqa: F401 - fixtures
    WATCH_SHIFTS,
    Visit,
    answer_quizzes,
    axe,
    browser,
    failures,
    needs_chromium,
    read_without_javascript,
    unscripted,
)

MINUS = "\N{MINUS SIGN}"
EXERCISE = """```{exercise}
:label: ex-half
What is a half of a thousand and 24? And a half of that half, less 512.5?
```

```{answer-number} ex-half
:ask: A half | the other
:unit: pieces
```
"""
SHARE = """```{exercise}
:label: ex-share
Which share?
```

```{answer-number} ex-share
```
"""
SOLUTION = """```{solution} ex-share
:class: dropdown
A twentieth.
```
"""
QUIZ = """```{quiz}
Which is least?

- [x] $1$
  : It is below $2$.
- [ ] $2$
  : One is below it.
```

```{answer-choice}
Which is most?

- [ ] $1$
  : Two is above it.
- [x] $2$
  : It is above $1$.
```
"""
ORDER = """```{quiz-order}
Put the **least** first.

1. one
2. two,
   or $2$
3. three

? Count.
: So one counts.
```
"""
ROWS = "```{rows}\na | b\n```\n\n"
ITEMS = "1. a\n2. b\n3. c\n"
HINTED = "\n? d\n: e\n```"

# a page's text to what the build says of it
REFUSED = {
    "number-unknown": ("```{answer-number} ex-none\n```", "no number is expected for 'ex-none'"),
    "number-nameless": ("```{answer-number}\n```", "1 argument(s) required"),
    "choice-none": (
        "```{answer-choice}\nWhich?\n\n- [ ] a\n  : b\n- [ ] c\n  : d\n```",
        "exactly one",
    ),
    "order-short": ("```{answer-order}\nWhich?\n\n1. a\n2. b\n" + HINTED, "3 to 8 numbered items"),
    "order-mute": ("```{answer-order}\n" + ITEMS + HINTED, "a question and 3 to 8"),
    "order-hintless": ("```{answer-order}\nWhich?\n\n" + ITEMS + "\n: e\n```", "needs a hint"),
    "order-unexplained": ("```{quiz-order}\nWhich?\n\n" + ITEMS + "\n? d\n```", "an explanation"),
    "rows-none": ("```{rows}\n```", "name the rows"),
    "tally-none": ("```{tally} nowhere\n```", "no scorecard is stored in book/nowhere.ipynb"),
    "rows-lacking": (ROWS + "| one | two |\n| --- | --- |\n| c | d |\n", "begins with: a | b"),
    "rows-tableless": (ROWS, "no table follows"),
    "rows-twice": (ROWS + ROWS + "| one | two |\n| --- | --- |\n| a | b |\n", "no table follows"),
}


def expected(label, *right, **tolerance):
    """What the cell of an exercise glues."""
    told = {"right": list(right), "rtol": 1e-9, "atol": 0, "hint": "count again."} | tolerance
    kind = "application/papermill.record/text/plain"
    name = {"scrapbook": {"mime_prefix": "application/papermill.record/", "name": label}}
    return new_output("display_data", {kind: repr(told)}, metadata=name)


def shown(markdown):
    return new_output("display_data", {"text/markdown": markdown, "text/plain": "a table"})


def notebook(*cells):
    cells = [new_markdown_cell(c) if isinstance(c, str) else c for c in cells]
    return new_notebook(cells=cells, metadata={"kernelspec": execute.KERNEL})


def cell(*outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell("1", execution_count=1, outputs=list(outputs), metadata=metadata)


def questions():
    glued = cell(expected("ex-half", 512, -256.5), expected("ex-share", 0.05), tags=["remove-cell"])
    return notebook("# Questions\n\n## Exercises", glued, EXERCISE, SHARE, SOLUTION, QUIZ, ORDER)


def scores():
    """A table of fifteen rows, nine of them, a scorecard, and a table of nine metrics."""
    rows = [f"| model {i} | {n} | 0.{9 - i % 10}00 ± 0.001 | {i} % |" for i, n in enumerate(SIZES)]
    head = "| name | numbers | MSE | PSNR |\n| --- | ---: | ---: | ---: |\n"
    long = head + "\n".join(["| **all** | | | |", "| *gray copy* | | 0.000 | 99 % |", *rows])
    claims = "\n".join(
        f"| claim {i} | **{verdict}** | MSE 0.007 of [plain](questions.ipynb) |"
        for i, verdict in enumerate(VERDICTS)
    )
    card = "| claim | verdict | measured |\n| --- | --- | --- |\n" + claims
    return notebook(
        "# Scores\n\n```{rows}\ngray copy\nmodel 3 | 900\n```",
        cell(shown(long)),
        "Text.",
        cell(shown(head + "\n".join(rows[:9]))),
        cell(shown(card), tags=["scorecard"]),
        "```{tally} scores\n```",
        cell(shown("\n".join([*BY_METRIC, *["| MSE | low | 3 | 4 | 2 | 0 |"] * 7]))),
    )


SIZES = ("1,418,496", f"{MINUS}5", "30", "900", "7", "1e3", "20", "21", "22", "23", "24", "25", "")
BY_METRIC = (
    "| test images | best | plain | gray copy | U-Net | oracle |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
    "| PSNR | high | 22.1 ± 0.5 | 25 | 20 | 30 |",
    "| colorfulness | 1 | 1.2 | 0 | 0.9 | 1 |",
)
IN_ORDER = [1, 4, 6, 7, 8, 9, 10, 11, 2, 3, 5, 0, 12]  # what is empty comes last
VERDICTS = (
    "holds",
    "does not hold",
    "holds (one run against 5)",
    "undecided, one run each",
    "cannot be tested as stated",
)


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What is said of a book in which each page has one thing wrong."""
    further = {"number-count": notebook("# Number", cell(expected("ex-half", 1)), EXERCISE)}
    return demo.refused(tmp_path_factory.mktemp("refused"), REFUSED, further)


@pytest.mark.parametrize(("page", "message"), [(p, message) for p, (_, message) in REFUSED.items()])
def test_bad_use_is_named(refused, page, message):
    assert any(message in line for line in warnings(refused, page))


def test_as_many_numbers_are_asked_for_as_are_expected(refused):
    assert any(
        "expects 1 numbers, and 2 are asked for" in x for x in warnings(refused, "number-count")
    )
    assert warnings(refused, "home") == []


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of a built book."""
    folder = tmp_path_factory.mktemp("questions") / "x"
    pages = {"home": "# Home", "questions": questions(), "scores": scores()}
    code, log = demo.build(folder, pages)
    assert code == 0, log
    return folder / "_build/html"


@pytest.fixture
def visit(browser, book):  # noqa: F811
    """Opens a page in a window of its own, which remembers nothing."""
    contexts = []

    def opened(page, width=1280, scheme="light", script=""):
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme))
        contexts[-1].add_init_script(WATCH_SHIFTS + script)
        return Visit(contexts[-1], f"{book.as_uri()}/book/{page}.html")

    yield opened
    for context in contexts:
        context.close()


@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "dark")])
@pytest.mark.parametrize("page", ["questions", "scores"])
def test_pages_are_well_before_and_after(visit, book, page, width, scheme):
    base = book.as_uri() + "/"
    with visit(page, width, scheme) as seen:
        assert failures(seen, base, f"book/{page}.html", book) == {}
        number = answer_quizzes(seen.tab)
        assert number == (5 if page == "questions" else 0)
        for form in seen.tab.locator("form.quiz").all():
            form.get_by_role("button", name="Check").press("Enter")
        for button in seen.tab.locator(".unfold, .sort").all():
            button.press("Enter")
        assert axe(seen.tab) == []
        assert seen.console == []


@needs_chromium
def test_without_javascript_all_answers_and_rows_are_there(unscripted, book):  # noqa: F811
    read_without_javascript(unscripted, f"{book.as_uri()}/book/questions.html")
    assert unscripted.get_by_text(f"512, {MINUS}256.5").is_visible()
    unscripted.goto(f"{book.as_uri()}/book/scores.html")
    assert unscripted.locator("tbody tr").filter(visible=True).count() == 15 + 9 + 9 + len(VERDICTS)


# of a twentieth: what is right, what is wrong, and what is no number
FORMS = {
    True: ["0.05", "0,05", ".05", "5 %", "5%", "1/20", "5e-2", " ≈ 0.0501 ", "0.05 pieces"],
    False: ["0.06", "5", "-0.05", "50 %"],
    None: ["many", "", "1.2.3"],
}
OTHERS = {
    "-250": "✗ Not yet.",
    "-256.5": "✓ Right.",
    f"{MINUS}256,5": "✓ Right.",
    "- 256.5": "✓ Right.",
    "256.5": "✗ Not yet.",
}


@pytest.fixture
def numbers(visit):
    """The field that asks for one number, and where its form tells."""
    with visit("questions") as seen:
        form = seen.tab.locator("form[data-exercise='ex-share']")
        yield form.get_by_role("textbox"), form.get_by_role("status")


@needs_chromium
def test_forms_of_a_number(numbers):
    field, told = numbers
    verdicts = {True: "✓ Right.", False: "✗ Not yet.", None: "Type a number"}
    for right, texts in FORMS.items():
        for text in texts:
            field.fill(text)
            assert told.text_content() == ""
            field.press("Enter")
            assert told.text_content().startswith(verdicts[right]), text


@needs_chromium
def test_several_numbers_are_all_to_be_right(visit):
    with visit("questions") as seen:
        form = seen.tab.locator("form[data-exercise='ex-half']")
        first, second = form.get_by_role("textbox").all()
        told = form.get_by_role("status")
        for half in ("512", "512,00", "512 pieces"):
            for other, verdict in OTHERS.items():
                first.fill(half)
                second.fill(other)
                second.press("Enter")
                assert told.text_content().startswith(verdict)


@needs_chromium
def test_a_second_miss_brings_a_hint_and_a_right_answer_the_solution(numbers):
    field, told = numbers
    page = field.page
    form, solution = (
        page.locator("form[data-exercise='ex-share']"),
        page.get_by_text("A twentieth."),
    )
    for hinted in (False, True):
        field.fill("7")
        field.press("Enter")
        assert ("Hint: Count again." in told.text_content()) == hinted
        assert form.get_by_text("Show the answer").is_visible() == hinted
    assert not solution.is_visible()
    field.fill("0.05")
    field.press("Enter")
    assert solution.is_visible()


@needs_chromium
def test_answers_stay_until_the_reader_starts_again(visit):
    with visit("questions") as seen:
        tab = seen.tab
        tally = tab.locator(".quiz-tally p")
        assert tally.text_content() == "Quiz: 0 of 2 right. Exercises: 0 of 3 right."
        quiz, order = tab.locator("form[data-group='quiz']").all()
        quiz.get_by_label("B.").check()
        quiz.get_by_role("button").click()
        assert tally.text_content().startswith("Quiz: 0 of 2 right.")
        quiz.get_by_label("A.").check()
        quiz.get_by_role("button").click()
        assert tally.text_content().startswith("Quiz: 1 of 2 right, 0 of them at the first try.")
        order.get_by_role("button", name="Check").click()
        items = order.locator("ol.order > li").all_text_contents()
        tab.locator("[data-exercise='ex-share'] input").fill("5 %")
        tab.keyboard.press("Enter")
        assert tally.text_content().endswith("Exercises: 1 of 3 right.")

        tab.reload()
        assert tally.text_content().endswith("Exercises: 1 of 3 right.")
        assert quiz.get_by_label("A.").is_checked()
        told = quiz.get_by_role("status").text_content()
        assert " ".join(told.split()) == "✓ Right. It is below 2."
        assert order.locator("ol.order > li").all_text_contents() == items
        assert tab.locator("[data-exercise='ex-share'] input").input_value() == "5 %"
        assert not tab.get_by_text("A twentieth.").is_visible()  # nothing jumps as the page comes

        tab.get_by_role("button", name="Start again").click()
        kept = "Object.keys(localStorage).filter((key) => key.startsWith('quiz:'))"
        assert tab.evaluate(kept) == []
        assert tally.text_content() == "Quiz: 0 of 2 right. Exercises: 0 of 3 right."
        tab.reload()
        assert tally.text_content() == "Quiz: 0 of 2 right. Exercises: 0 of 3 right."
        assert tab.locator("input:checked").count() == 0


@needs_chromium
def test_a_browser_that_keeps_nothing_marks_all_the_same(visit):
    refuse = """
        Object.defineProperty(window, "localStorage", {get() { throw new Error("refused"); }});
    """
    with visit("questions", script=refuse) as seen:  # the theme complains, the questions do not
        assert answer_quizzes(seen.tab) == 5


@needs_chromium
def test_an_order_by_keyboard_and_by_dragging(visit):
    with visit("questions") as seen:
        tab = seen.tab
        order = tab.locator("form[data-kind='order']")
        items = order.locator("ol.order > li")
        places = "(all) => all.map((item) => Number(item.dataset.place))"
        initial = items.evaluate_all(places)
        assert sorted(initial) == [0, 1, 2] != initial
        button = items.nth(0).get_by_role("button").nth(1)
        assert button.get_attribute("aria-label").startswith("Move down: ")
        button.press("Enter")
        a, b, c = initial
        assert items.evaluate_all(places) == [b, a, c]
        assert order.get_by_role("status").text_content().endswith(": now 2 of 3.")
        tab.keyboard.press("ArrowDown")  # the focus went along
        assert items.evaluate_all(places) == [b, c, a]
        tab.keyboard.press("ArrowDown")
        assert items.evaluate_all(places) == [b, c, a]

        order.scroll_into_view_if_needed()
        grip, first = items.nth(2).locator(".grip").bounding_box(), items.nth(0).bounding_box()
        tab.mouse.move(grip["x"] + 5, grip["y"] + 5)
        tab.mouse.down()
        tab.mouse.move(grip["x"] + 5, first["y"] + 2, steps=20)
        tab.mouse.up()
        assert items.evaluate_all(places) == [a, b, c]


@pytest.fixture
def tables(visit):
    """The tables of the page of scores, as `scores` says."""
    with visit("scores") as seen:
        yield seen.tab.locator("table").all()


def names(table):
    """The first cells of the rows that are seen."""
    return (
        table.locator("tbody tr").filter(visible=True).locator("td:first-child").all_text_contents()
    )


@needs_chromium
def test_a_table_is_sorted_by_its_heads(tables):
    table = tables[0]
    head = table.get_by_role("columnheader").nth(1)
    assert head.get_attribute("aria-sort") is None
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    models = [f"model {i}" for i in IN_ORDER]
    assert [name for name in names(table) if name != "gray copy"] == models
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    falling = [*models[-2::-1], models[-1]]
    assert [name for name in names(table) if name != "gray copy"] == falling
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert names(table)[:3] == ["all", "gray copy", "model 0"]
    table.get_by_role("columnheader").nth(0).get_by_role("button").click()
    assert names(table)[-2:] == ["model 11", "model 12"]  # numbers in a text count as numbers


@needs_chromium
def test_a_long_table_is_folded_filtered_and_marked(tables):
    long, short, _, by_metric = tables
    page = long.page
    assert names(long) == ["gray copy", "model 3"]
    unfold = page.get_by_role("button", name="Show all 14 rows")
    unfold.press("Enter")
    assert len(names(long)) == 15
    page.get_by_role("button", name="Show fewer rows").press("Enter")
    field = page.get_by_label("Filter")
    assert field.count() == 1
    field.fill("24 MODEL")
    assert names(long) == ["model 10"]
    assert page.get_by_text("1 of 14 rows").is_visible()
    field.fill("")
    assert len(names(long)) == 15
    best = [text.replace("\xa0", " ") for text in long.locator("td.best").all_text_contents()]
    assert best == ["0.000 ★ best", "99 % ★ best", "0.000 ± 0.001 ★ best"]  # the floor's, too
    assert long.locator("tr.floor").all_inner_texts()[0].startswith("gray copy")
    assert len(names(short)) == 9
    assert short.locator("td.best").count() == 2
    best = by_metric.locator("td.best").all_text_contents()
    assert [text.split()[0] for text in best] == ["25", "0.9", *"2222222"]
    assert by_metric.locator("td.floor").count() == 9
    assert by_metric.get_by_role("button").count() == 0  # metrics are no numbers of one kind
    page.emulate_media(media="print")
    assert len(names(long)) == 15


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_a_scorecard_says_and_filters_verdicts(visit, width):
    with visit("scores", width) as seen:
        tab = seen.tab
        card = tab.locator("table.scorecard")
        buttons = tab.get_by_role("group", name="Show the claims of one verdict").get_by_role(
            "button"
        )
        assert buttons.all_inner_texts() == [
            "all 5",
            "✓ holds 2",
            "✗ does not hold 1",
            "≈ undecided 1",
            "? cannot be tested 1",
        ]
        assert card.locator(".chip").all_inner_texts()[:2] == ["✓ holds", "✗ does not hold"]
        colors = "(all) => new Set(all.map((chip) => getComputedStyle(chip).color)).size"
        assert card.locator(".chip").evaluate_all(colors) == 4
        assert tab.locator(".tally a").all_inner_texts() == [
            "holds 2",
            "does not hold 1",
            "undecided 1",
            "cannot be tested as stated 1",
        ]
        assert names(card) == [f"claim {i}" for i in range(5)]
        buttons.nth(1).press("Enter")
        assert buttons.nth(1).get_attribute("aria-pressed") == "true"
        assert names(card) == ["claim 0", "claim 2"]
        assert tab.get_by_text("2 of 5 claims are shown.").count() == 1
        row = card.locator("tbody tr").first
        display = row.evaluate("(row) => getComputedStyle(row).display")
        assert display == {390: "block", 1280: "table-row"}[width]  # a card on a phone
        cell = row.locator("td").last.bounding_box()
        assert cell["x"] + cell["width"] <= width
