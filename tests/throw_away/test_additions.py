"""`harness/README.md`, "To add …", tried: a throw-away kind of each family and an objective, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAMILIES = ("products", "portals", "components", "engines", "checks", "faults")
ADDED = {family: next((HERE / family).glob("*.py")) for family in FAMILIES}
STACK = "services:\n  web: {image: example/web:1, volumes: ['pages:/srv/pages']}\nvolumes: {pages: }\n"
DRILL = """
drill: thrown-away
product: intranet-1
portal: {kind: in_memory, greeting: good day}
source: {stack: stack.yaml}
components: {pages: {ink: black}}
backup: {mode: offline}
checks: [freshness]
"""
DOCUMENTED = """
| product | `intranet-1` | — |
| portal | `in_memory` | `greeting`: what the first page says (`hello`) |
| component | `ledger` | **`path`**; `ink`: colour that it is written in (`blue`) |
| engine | `copy` | — |
| check | `named` | — |

```yaml
portal: {kind: in_memory, greeting: good day}
product: intranet-1
source: {stack: STACK}
backup: {mode: offline}
components: {pages: {path: /srv/pages, ink: black}}
checks: [named, freshness]
```
"""
JUDGE = """
import sys; sys.path.insert(0, "tests/unit/judge")
from written_run import DRILL, LINES, PLAN, POINT, at
from harness.judge.judge import judge
from harness.model.drill import CheckUse
from harness.model.evidence import Evidence, Observation, Seen
seen = Observation(name="named", seen=Seen.SEEN, data="shop", at=at(60))
drill = DRILL.model_copy(update={"checks": (*DRILL.checks, CheckUse(name="named"))})
for point in (POINT, POINT.model_copy(update={"drill": "other"})):
    verdict = judge(drill, PLAN, point, Evidence(lines=(*LINES, seen), complete=True, sha256=""))
    named = next(check for check in verdict.checks if check.name == "named")
    print(named.outcome, verdict.outcome, [*verdict.objectives], verdict.objectives["busy"].measured_s)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with everything added."""
    tree = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("harness", "tests", "drills"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    (tree / "fixtures").symlink_to(ROOT / "fixtures")
    shutil.copy(ROOT / "pyproject.toml", tree)
    for family, path in ADDED.items():
        shutil.copy(path, tree / "harness" / "kinds" / family)
    suites = tree / "tests" / "contracts"
    shutil.copy(HERE / "contracts" / "sample_ledger.py", suites)
    shutil.copy(HERE / "contracts" / "ledger_in_folders.py", suites / "test_ledger.py")
    portals = suites / "test_every_portal.py"
    changed(portals, "PAIRS = {\n", 'PAIRS = {\n    "in_memory": "thrown-away.drill.yaml",\n')
    changed(portals, "MARKS = {\n", 'MARKS = {\n    "in_memory": [],\n')
    changed(portals, '    if request.param == "http in memory":\n',
            """    if request.param == "in_memory":
        yield Asked(registry.portal_of(drill.portal), PortalAccess(drill.portal, None, drill))
    elif request.param == "http in memory":\n""")  # fmt: skip
    shutil.copy(HERE / "objectives" / "busy.py", tree / "harness" / "judge" / "objectives")
    changed(tree / "harness/judge/objectives/__init__.py", "from harness.judge.objectives.rpo",
            "from harness.judge.objectives.busy import busy\nfrom harness.judge.objectives.rpo")  # fmt: skip
    changed(tree / "harness/judge/objectives/__init__.py", "__all__ = [", '__all__ = ["busy", ')
    changed(tree / "harness/model/verdict.py", '"skew", "downtime")', '"skew", "downtime", "busy")')
    changed(tree / "harness/judge/judge.py", '        "downtime": objectives',
            '        "busy": objectives.busy(evidence),\n        "downtime": objectives')  # fmt: skip
    (tree / "stack.yaml").write_text(STACK, encoding="utf-8")
    (tree / "thrown-away.drill.yaml").write_text(DRILL, encoding="utf-8")
    return tree


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def but(path: Path, old: str, new: str) -> Iterator[None]:
    """The file with one change, for a while."""
    text = path.read_text(encoding="utf-8")
    changed(path, old, new)
    yield
    path.write_text(text, encoding="utf-8")


def python(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python in the tree, which is found before the installed project."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, timeout=300
    )


def portal_drill(tree: Path, *words: str) -> str:
    done = python(tree, "-c", "from harness.cli import main; raise SystemExit(main())", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_tests(tree: Path, *words: str) -> tuple[int, set[str]]:
    """How many passed, and the names of those that failed."""
    done = python(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)
    passed = re.search(r"(\d+) passed", done.stdout)
    failed = set(re.findall(r"^(?:FAILED|ERROR) \S+?::(\S+)", done.stdout, re.MULTILINE))
    assert passed or failed, done.stdout + done.stderr
    return int(passed[1]) if passed else 0, failed


def test_every_family_has_one_here() -> None:
    from harness.kinds import registry

    assert tuple(ADDED) == registry.FAMILIES
    for family, path in ADDED.items():
        assert path.stem not in registry.names(family)


def test_they_are_listed_by_the_names_of_their_files(tree: Path) -> None:
    said = portal_drill(tree, "kinds")
    for word in ("intranet-1", "in_memory", "ledger", "copy", "named", "renamed"):
        assert re.search(rf"^{word} .*thrown away", said, re.MULTILINE), word


def test_a_drill_with_them_can_be_planned_and_begun(tree: Path) -> None:
    said = re.sub(r"\s+", " ", portal_drill(tree, "plan", "thrown-away.drill.yaml"))
    for words in (
        "pages ledger /srv/pages in web, by copy why: every page that people wrote (GEN-D2)",
        "backup while the portal is stopped",
        "back up pages, by copy, in web",
        "named The restore point has the name of its drill; thrown away after the test. (GEN-D2)",
    ):
        assert words in said
    words = ("--product", "intranet-1", "--portal", "in_memory", "--stack", "stack.yaml")
    text = portal_drill(tree, "init", *words)
    assert "pages: ledger in web, by copy, as the portal says" in text
    assert "backup: {mode: offline" in text
    # Kinds refuse what is wrong in their options, as all do.
    with but(tree / "thrown-away.drill.yaml", "ink: black", "inc: black"):
        done = python(
            tree, "-c", "from harness.cli import main; raise SystemExit(main())", "plan", "thrown-away.drill.yaml"
        )
    assert (done.returncode, "did you mean ink?" in done.stderr) == (3, True)


def test_the_contracts_hold_and_a_breach_is_found(tree: Path) -> None:
    added = " or ".join(path.stem.replace("_1", "-1") for path in ADDED.values())
    suites = ("tests/contracts/test_every_kind.py", "tests/test_layers.py", "-k", f"{added} or busy")
    passed, failed = run_tests(tree, *suites)
    assert (passed > 30, failed) == (True, set())
    with but(tree / "harness/kinds/engines/copy.py", "def restore(access", "def restored(access"):
        found = run_tests(tree, suites[0], "-k", "copy and protocol")[1]
        assert found == {"test_kind_satisfies_its_protocol[engines-copy]"}
    imported = "from pydantic import Field\n"
    with but(tree / "harness/kinds/components/ledger.py", imported, f"import docker\n{imported}"):
        assert {name for name in run_tests(tree, suites[1], "-k", "ledger")[1] if "components.ledger" in name}


def test_component_engine_and_portal_do_what_the_suites_ask(tree: Path) -> None:
    suites = tree / "tests" / "contracts"
    every = [str(suites / f"test_{name}.py") for name in ("ledger", "every_portal", "every_engine")]
    passed, failed = run_tests(tree, *every, "-k", "test_ledger or in_memory or is_in_this_suite or sample_has")
    assert (passed > 20, failed) == (True, set())
    with but(tree / "harness/kinds/engines/copy.py", 'find "$1" -mindepth 1 -delete; ', ""):
        assert run_tests(tree, every[0])[1] == {"test_restore_removes_before_it_replaces"}
    with but(tree / "harness/kinds/components/ledger.py", "if found else None", "if not found else None"):
        assert run_tests(tree, every[0])[1] == {"test_restored_component_equals_the_source"}


def test_the_suites_say_what_an_addition_lacks(tree: Path) -> None:
    suites = tree / "tests" / "contracts"
    with but(suites / "sample_ledger.py", '{"copy": {}}', "{}"):
        failed = run_tests(tree, str(suites / "test_every_engine.py"), "-k", "sample_has_options")[1]
    assert failed == {"test_sample_has_options_for_the_engine[copy-ledger]"}
    with but(suites / "test_every_portal.py", '    "in_memory": "thrown-away.drill.yaml",\n', ""):
        assert run_tests(tree, str(suites / "test_every_portal.py"), "-k", "is_in_this_suite")[1]
    sample = suites / "sample_ledger.py"
    sample.rename(sample.with_suffix(".away"))
    said = python(tree, "-m", "pytest", "-q", "--collect-only", str(suites / "test_every_component.py")).stdout
    sample.with_suffix(".away").rename(sample)
    assert "No module named 'sample_ledger'" in said


def test_they_must_be_documented_each_with_its_options_and_an_example(tree: Path) -> None:
    suite = (
        "tests/unit/prepare/test_documentation.py",
        "-k",
        "explained or has_an_example or example_is_a_drill or sort_of_check",
    )
    failed = run_tests(tree, *suite)[1]
    words = {re.sub(r".*\[(.*)\]", r"\1", name) for name in failed if "every_kind_and" in name}
    assert words == {"intranet-1", "in_memory", "greeting", "ledger", "ink", "copy", "named"}
    examples = {re.sub(r".*\[(.*)\]", r"\1", name) for name in failed if "has_an_example" in name}
    assert examples >= {"portals.in_memory.greeting", "components.ledger.ink", "engines.copy", "checks.named"}
    readme = tree / "drills" / "README.md"
    row = DOCUMENTED.replace("STACK", str(tree / "stack.yaml"))
    with but(readme, "\n## The Compose file\n", f"{row}\n## The Compose file\n"):
        assert run_tests(tree, *suite)[1] == set()


def test_a_check_must_be_seen_to_fail_and_a_fault_stands_in_the_table(tree: Path) -> None:
    suites = ("tests/sabotage/test_every_check_has_sabotage.py", "tests/unit/kinds/test_faults_table.py")
    failed = run_tests(tree, *suites)[1]
    assert failed == {
        "test_check_has_a_fault_that_makes_it_fail[named]",  # there is one: it does not run in CI
        "test_readme_holds_the_table_of_the_code",
    }
    assert python(tree, "tests/unit/kinds/test_faults_table.py").returncode == 0
    assert "`renamed/drill`" in (tree / "harness/kinds/faults/README.md").read_text(encoding="utf-8")
    assert run_tests(tree, suites[1])[1] == set()


def test_check_and_objective_are_judged(tree: Path) -> None:
    done = python(tree, "-c", JUDGE)
    assert done.returncode == 0, done.stderr
    right, wrong = done.stdout.splitlines()
    names = "['rto', 'rpo', 'skew', 'busy', 'downtime']"
    assert re.fullmatch(rf"PASS \w+ {re.escape(names)} [\d.]+", right), right
    assert wrong.startswith("FAIL FAIL")
    collected = python(tree, "-m", "pytest", "--collect-only", "-q", "thrown-away.drill.yaml").stdout
    assert {"named", "busy", "freshness"} <= set(re.findall(r"::(\w+)", collected))
