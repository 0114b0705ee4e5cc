"""A backup that the operator's own commands encrypt, and the keys that a restore fetches anew (GEN-D24)."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from drill_bench import DRILL_FILE, At, Bench, Finished

from harness.containers.engine import Engine, connect

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
VARIABLE = "DRILL_ROLES_PASSPHRASE"
# Both commands look at the keys that they were given, and print them, as a command that is traced (`set -x`) does.
BEGIN = """export PGHOST=db PGUSER=postgres PGPASSWORD="$POSTGRES_PASSWORD"
cd /dev/shm/keys; test "$(stat -c %a:%U backup.key roles.passphrase | sort -u)" = 400:root
for key in *; do echo "$key is $(cat "$key")" >&2; done
crypt() { key=$1; shift; openssl enc -aes-256-cbc -pbkdf2 -pass "file:/dev/shm/keys/$key" "$@"; }
"""
BACKUP = """pg_dumpall --globals-only | crypt roles.passphrase -out /artefact/roles.sql.enc
pg_dump --format=custom shop | crypt backup.key -out /artefact/shop.dump.enc
"""
RESTORE = """crypt roles.passphrase -d -in /artefact/roles.sql.enc | grep -vx 'CREATE ROLE postgres;' \\
    | psql -Xqv ON_ERROR_STOP=1 -d postgres
crypt backup.key -d -in /artefact/shop.dump.enc | pg_restore --create --exit-on-error -d postgres
vacuumdb --analyze-only --quiet -d shop
"""


def drill_text(key: Path) -> str:
    """The shipped drill, with its one component backed up by own commands."""

    def command(script: str) -> str:
        lines = "".join(f"          {line}\n" for line in (BEGIN + script).splitlines())
        return f"\n        - bash\n        - -euo\n        - pipefail\n        - -c\n        - |\n{lines}"

    shipped = "{database: shop, engine: pg_dump}"
    text = DRILL_FILE.read_text(encoding="utf-8").replace("fixtures/", f"{ROOT}/fixtures/")
    assert shipped in text
    options = f"""
    database: shop
    engine: command
    engine_options:
      keys: {{backup.key: "${{file:{key}}}", roles.passphrase: "${{env:{VARIABLE}}}"}}
      backup:{command(BACKUP)}      restore:{command(RESTORE)}"""
    return text.replace(shipped, options)


@dataclass(frozen=True)
class Keyed:
    """The encrypted drill, its two keys, and the run that made its restore point."""

    bench: Bench
    key: Path
    secret: str
    passphrase: str
    clean: Finished

    @property
    def point(self) -> Path:
        return self.bench.vault / str(self.clean.verdict["restore_point"])


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """One drill with both keys at their places. Keys lie apart from reports and vault, which are searched for them."""
    apart = tmp_path_factory.mktemp("apart")
    key, secret, passphrase = apart / "backup.key", secrets.token_hex(20), secrets.token_hex(20)
    key.write_text(secret + "\n")
    file = apart / "postgresql.drill.yaml"
    file.write_text(drill_text(key), encoding="utf-8")
    engine: Engine = connect()
    bench = Bench(tmp_path_factory.mktemp("encrypted"), engine, file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, passphrase)
        yield Keyed(bench, key, secret, passphrase, bench.perform())
    engine.close()


@pytest.fixture
def taken_away(keyed: Keyed) -> Iterator[Callable[[], None]]:
    """Takes the key from its place; it is back when the test has ended."""

    def take(run: str = "") -> None:
        keyed.key.rename(keyed.key.with_suffix(".away"))

    yield take
    keyed.key.unlink(missing_ok=True)
    keyed.key.write_text(keyed.secret + "\n")


def written_with(folder: Path, *values: str) -> list[str]:
    """Files below the folder in which one of the values stands, compressed ones unpacked."""
    found, files = [], [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 10
    for path in files:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
        found += [str(path) for value in values if value.encode() in text]
    return found


def fails_by_restore(run: Finished, said: str) -> None:
    assert (run.verdict["outcome"], run.outcomes["restore"], run.outcomes["restore_point"]) == ("FAIL", "FAIL", "PASS")
    assert run.outcomes["data_parity"] == "UNKNOWN"
    assert said in run.check("restore")["found"]


def test_encrypted_backup_is_recovered_with_keys_from_their_places(keyed: Keyed) -> None:
    verdict = keyed.clean.verdict
    assert (verdict["outcome"], verdict["recovered"], set(keyed.clean.outcomes.values())) == ("PASS", True, {"PASS"})
    artefacts = sorted((keyed.point / "artefacts" / "database").iterdir())
    assert [path.name for path in artefacts] == ["roles.sql.enc", "shop.dump.enc"]
    assert {path.read_bytes()[:8] for path in artefacts} == {b"Salted__"}  # OpenSSL's own mark


def test_keys_stand_nowhere_though_the_commands_print_them(keyed: Keyed) -> None:
    assert b"backup.key is ***" in (keyed.clean.folder / "evidence.jsonl").read_bytes()
    assert written_with(keyed.bench.root, keyed.secret, keyed.passphrase) == []
    assert written_with(keyed.bench.root, "portal-drill/postgresql:15") != []  # what is written is found


def test_key_that_is_gone_fails_the_restore_which_names_its_place(keyed: Keyed, taken_away: Callable[[], None]) -> None:
    taken_away()
    run = keyed.bench.perform(point=keyed.point)
    place = f"${{file:{keyed.key}}}"
    fails_by_restore(run, f"the key backup.key is not at its place {place}: nobody can read this backup without it")
    assert run.step("restore:database")["state"] == "failed"


@pytest.mark.prove
def test_key_that_goes_after_the_backup_is_not_remembered(keyed: Keyed, taken_away: Callable[[str], None]) -> None:
    run = keyed.bench.perform(progress=At("disaster", taken_away))
    assert run.outcomes["capture"] == "PASS"
    fails_by_restore(run, "the key backup.key is not at its place")


@pytest.mark.prove
def test_variable_that_is_not_set_fails_the_restore(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    run = keyed.bench.perform(point=keyed.point)
    fails_by_restore(run, f"the key roles.passphrase is not at its place ${{env:{VARIABLE}}}")


@pytest.mark.prove
def test_without_its_key_nothing_is_backed_up(keyed: Keyed, taken_away: Callable[[], None]) -> None:
    taken_away()
    run = keyed.bench.perform()
    assert (run.verdict["outcome"], run.verdict["restore_point"]) == ("FAIL", None)
    assert run.outcomes["capture"] == "FAIL"
    assert "the key backup.key is not at its place" in run.check("capture")["found"]


def test_another_key_fails_the_restore_and_is_written_nowhere(keyed: Keyed, taken_away: Callable[[], None]) -> None:
    """It was not known when the run began: the journal learns it when it is fetched."""
    other = secrets.token_hex(20)
    run = keyed.bench.perform(point=keyed.point, progress=At("disaster", lambda run: _put(keyed.key, other)))
    fails_by_restore(run, "bash exited with")
    assert b"backup.key is ***" in (run.folder / "evidence.jsonl").read_bytes()
    assert written_with(keyed.bench.root, keyed.secret, keyed.passphrase, other) == []


def _put(key: Path, text: str) -> None:
    key.write_text(text + "\n")


@pytest.mark.prove
@pytest.mark.parametrize(
    "made", [os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.write_bytes(b"\xff\x00" * 16)],
    ids=["a pipe", "a link to itself", "no text"],
)  # fmt: skip
def test_place_that_cannot_be_read_makes_the_restore_unknown(
    keyed: Keyed, taken_away: Callable[[], None], made: Callable[[Path], None]
) -> None:
    """For root, who may read everything, these stand for a share that is not mounted well or a file of another user."""
    taken_away()
    made(keyed.key)
    run = keyed.bench.perform(point=keyed.point)
    assert (run.verdict["outcome"], run.outcomes["restore"]) == ("UNKNOWN", "UNKNOWN")
    assert "FAIL" not in run.outcomes.values()
    assert "whether the key backup.key is at its place" in run.check("restore")["found"]
