"""The harness notices when a page says what is not so."""

from __future__ import annotations

import re

import pytest

from tests.support.snippets.blocks import read_blocks
from tests.support.snippets.checked import checker
from tests.support.snippets.expectation import pattern, plain
from tests.support.snippets.runner import PageRunner
from tests.support.snippets.sandbox import Ports, Sandbox
from tests.support.snippets.transcript import steps


@pytest.fixture
def sandbox(tmp_path):
    return Sandbox(tmp_path / "machine", Ports(40001, 40002, 40003))


def run(text, sandbox):
    page = sandbox.folder / "page.md"
    page.write_text(text)
    with PageRunner(sandbox) as runner:
        for block in read_blocks(page):
            runner.run(block)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo one\none\n$ echo two\n```",
        "```console\n$ printf '%s\\n' a b c\na\n...\n```",
        "```console\n$ echo 8501 /srv/models\n8501 /srv/models\n```",
        "```console\n$ ls /srv/models/ranker\n1\n2\n```",
        "```console\n$ false   # exits with 1\n```",
        "```console\n$ echo one \\\n    two\none two\n```",
        "<!-- numbers differ -->\n```console\n$ echo 12 ms, 3,400 rows\n9 ms, 1,000.5 rows\n```",
        "```console\n$ echo started; sleep 30\nstarted\n^C\n```",
        "<!-- file: a.py -->\n```python\nprint(3)\n```\n```console\n$ python a.py\n3\n```",
        "<!-- setup: echo hello > said -->\n```console\n$ cat said\nhello\n```",
        "```python\nx = 3\n```\n```python\nprint(x)\n```\n<!-- output -->\n```text\n3\n```",
        "- in a list\n\n    ```console\n    $ echo one\n    one\n    ```",
        "<!-- not run: it needs another machine -->\n```console\n$ false\n```",
        '```textproto\nmodel_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow" } }\n```',
        "```textproto\nmax_batch_size { value: 64 }\n```",
        "```toml\nrest_api_port = 8501\n```",
        "```console\n$ salver serve --rest_api_port=8501 ...   # a part\n```",
    ],
)
def test_page_that_is_right_passes(text, sandbox):
    run(text, sandbox)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```console\n$ echo one\ntwo\n```", "said:\none"),
        ("```console\n$ echo one; echo two\none\n```", "two"),
        ("```console\n$ false\n```", "exits with 1"),
        ("```console\n$ true   # exits with 2\n```", "exits with 0"),
        ("```console\necho one\n```", "begins with"),
        ("```console\n$ echo done\nstarted\n^C\n```", "ends before that is seen"),
        ("```python\nx = 1\n\nraise KeyError(x)\n```", 'page.md", line 4'),
        ("```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```", "printed:\n1"),
        ("```sh\nfalse\ntrue\n```", "exits with 1"),
        ("<!-- setup: false -->\n```sh\ntrue\n```", "exits with 1"),
        ("```textproto\nmodel_config_lst { }\n```", "model_config_lst"),
        ("```toml\nrest_api_prot = 8501\n```", "rest_api_port"),
        ("```yaml\na: [1\n```", "expected ',' or ']'"),
        ("```json\n{\n```", "Expecting property name"),
        ("```\nno language\n```", "what language"),
        ("```console\n$ salver serve --rest_api_prot=8501 ...\n```", "rest_api_port"),
        ("```console\n$ salver serve --prot=8500\n```", "exits with 255"),
        ("```console\n$ make tset\n```", "no such target"),
        ("```console\n$ pip install 'salver[nothing]'\n```", "no such extra"),
        ("```console\n$ docker run salver --model_nam=m\n```", "model_name"),
        ("```console\n$ kubectl apply -f deploy/none.yaml\n```", "no such file"),
    ],
)
def test_page_that_is_wrong_fails_with_the_reason(text, reason, sandbox):
    with pytest.raises(Exception, match=re.escape(reason)):
        run(text, sandbox)


def test_block_knows_its_line_and_its_marks(sandbox):
    page = sandbox.folder / "page.md"
    page.write_text("# Page\n\n<!-- file: a -->\n<!-- numbers differ -->\n```python title\nx = 1\n```\n")
    (block,) = read_blocks(page)
    assert (block.line, block.language, block.text) == (6, "python", "x = 1\n")
    assert block.marks == {"file": "a", "numbers differ": ""}


def test_steps_know_their_lines(sandbox):
    page = sandbox.folder / "page.md"
    page.write_text("```console\n$ a \\\n  b\nsaid\n$ c\n```\n")
    (block,) = read_blocks(page)
    assert [step.place for step in steps(block)] == ["page.md:2", "page.md:5"]


def test_words_of_a_line_are_compared_and_not_its_spaces():
    assert pattern("a   b\n").fullmatch(plain("\n a b  \n\n"))
    assert pattern("v1.2 ... ok").fullmatch(plain("v1.2 and more ok"))
    assert not pattern("v1.2").fullmatch(plain("v1x2"))


def test_what_only_names_things_is_not_run():
    assert checker("make test") is not None
    assert checker("salver serve --port=0 ...") is not None
    assert checker("salver serve --port=0") is None
    assert checker("curl localhost") is None
