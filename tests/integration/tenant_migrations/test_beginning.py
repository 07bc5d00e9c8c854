"""`wabot db revision --tenant`: the next file of a branch."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.integration.tenant_migrations.revisions import add_module
from wabot.cli.app import app
from wabot.domain.migration import RevisionKind
from wabot.errors import InvalidInput, UnknownChoice
from wabot.repositories.provisioning.migration_line import MigrationLine, head_revisions
from wabot.repositories.provisioning.revision_writing import start_revision


def begin(own: Path, *words: str) -> Result:
    return CliRunner().invoke(
        app,
        ["db", "revision", "--tenant", *words],
        env={"WABOT_TEMPLATE_DIR": str(own)},
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def test_a_new_module_begins_with_its_folder_and_first_revision(own: Path) -> None:
    done = begin(own, "--module", "fiado", "-m", "Cuentas de clientes", "--json")
    assert done.exit_code == 0, done.output
    path = Path(json.loads(done.stdout)["data"]["path"])
    assert path == own / "modules/fiado/versions/fiado_0001_cuentas_de_clientes.py"
    assert (own / "modules/fiado/module.toml").is_file()
    line = MigrationLine(Path(str(own)))
    (revision,) = line.branch("fiado")
    assert (revision.id, revision.previous, revision.kind) == (
        "fiado_0001",
        "",
        RevisionKind.EXPAND,
    )
    assert revision.depends_on == head_revisions()
    assert revision.message == "Cuentas de clientes."


def test_the_next_one_follows_and_says_its_kind(own: Path) -> None:
    begin(own, "--module", "fiado", "-m", "one")
    done = begin(own, "--module", "fiado", "-m", "two", "--kind", "contract")
    assert done.exit_code == 0, done.output
    first, second = MigrationLine(own).branch("fiado")
    assert (second.previous, second.kind) == (first.id, RevisionKind.CONTRACT)
    assert second.depends_on == ()


def test_it_begins_in_the_base_line_too(folder: Path) -> None:
    path = start_revision(MigrationLine(folder), "base", "a note on orders", RevisionKind.EXPAND)
    (head,) = head_revisions()
    assert path.name == f"base_{int(head[-4:]) + 1:04}_a_note_on_orders.py"
    assert MigrationLine(folder).branch("base")[-1].previous == head


def test_what_was_not_written_cannot_run(folder: Path) -> None:
    start_revision(MigrationLine(folder), "agua", "routes", RevisionKind.EXPAND)
    line = MigrationLine(folder)
    with pytest.raises(InvalidInput, match="NotImplementedError: say what agua_0002 does"):
        line.ddl("agua")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-m", "x", "--kind", "explode"], "known: expand, contract"),
        (["-m", "x", "--template", "nothing"], "there is no template nothing"),
        (["-m", "x", "--module", "Bad-Name"], "cannot have tables of its own"),
        (["-m", "x", "--module", "agua"], "say --template agua"),
        (["-m", "x", "--module", "a", "--template", "b"], "not to both"),
        (["-m", "¿?"], "cannot name a file"),
        (["-m", 'say "x"', "--module", "fiado"], "cannot name a file"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(
    own: Path, words: list[str], reason: str
) -> None:
    done = begin(own, *words)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert list(own.iterdir()) == []


def test_central_revisions_are_not_begun_here(own: Path) -> None:
    done = CliRunner().invoke(app, ["db", "revision", "-m", "x"])
    assert done.exit_code == 2
    assert "--tenant" in done.stderr


def test_a_branch_that_is_not_one_line_is_refused(folder: Path) -> None:
    home = add_module(folder, "odd", "pass")
    (home / "versions" / "odd_0003.py").write_text(
        '"""Third."""\nrevision = "odd_0003"\ndown_revision = "odd_0002"\n'
        'kind = "expand"\n\n\ndef upgrade() -> None:\n    pass\n'
    )
    with pytest.raises(InvalidInput, match=r"odd_0003.py:1: down_revision must be 'odd_0001'"):
        MigrationLine(folder).branch("odd")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("revision = 'odd_1'", "revision must be like odd_0001"),
        ("revision = 'base_0009'", "revision must be like odd_0001"),
        ("revision = f'odd_000{1}'", "revision must be like odd_0001"),
        ("kind = 'explode'", 'kind must be "expand" or "contract"'),
        ("kind = None", "kind must be"),
        ("depends_on = 5", "depends_on must be None or a tuple"),
        ("down_revision = 5", "down_revision must be None or like odd_0001"),
        ("del upgrade", "no function upgrade"),
        ("def (", "no valid Python"),
    ],
)
def test_a_revision_that_does_not_say_what_it_is_is_refused(
    folder: Path, text: str, reason: str
) -> None:
    home = add_module(folder, "odd", "pass")
    path = home / "versions" / "odd_0001.py"
    written = path.read_text()
    if text == "del upgrade":
        written = written.partition("def upgrade")[0]
    else:
        written = written.replace("\n\n\ndef upgrade", f"\n{text}\n\n\ndef upgrade")
    path.write_text(written)
    with pytest.raises(InvalidInput) as refused:
        MigrationLine(folder).branch("odd")
    assert reason in refused.value.message
    assert "odd_0001.py:" in refused.value.message


@pytest.mark.parametrize(
    "upgrade",
    [
        'op.drop_table("__wbp__unknown_words", schema="tenant")',
        'op.drop_column("__wbp__orders", "source", schema="tenant")',
        'op.alter_column("__wbp__orders", "total", new_column_name="sum", schema="tenant")',
        'op.alter_column("__wbp__orders", "total", type_=sa.Integer(), schema="tenant")',
        'op.alter_column("__wbp__products", "sku", nullable=False, schema="tenant")',
        'op.alter_column("__wbp__orders", "delivery", server_default=None, schema="tenant")',
        (
            'op.add_column("__wbp__orders", sa.Column("x", sa.Text(), nullable=False),'
            ' schema="tenant")'
        ),
        'op.create_check_constraint("__wbp__c", "__wbp__orders", "total < 9", schema="tenant")',
        'op.create_index("__wbp__i", "__wbp__orders", ["total"], unique=True, schema="tenant")',
        'op.rename_table("__wbp__orders", "__wbp__pedidos", schema="tenant")',
        'op.execute("TRUNCATE tenant.__wbp__orders")',
    ],
)
def test_what_takes_something_away_does_not_pass_for_an_expansion(
    folder: Path, upgrade: str
) -> None:
    home = add_module(folder, "odd", upgrade)
    with pytest.raises(InvalidInput, match="says that it expands"):
        MigrationLine(folder).ddl("odd")
    path = home / "versions" / "odd_0001.py"
    path.write_text(path.read_text().replace("'expand'", "'contract'"))
    assert MigrationLine(folder).ddl("odd")


@pytest.mark.parametrize(
    "upgrade",
    [
        (
            'op.add_column("__wbp__orders", sa.Column("x", sa.Text(), server_default="",'
            ' nullable=False), schema="tenant")'
        ),
        'op.add_column("__wbp__orders", sa.Column("x", sa.Text()), schema="tenant")',
        'op.create_index("__wbp__i", "__wbp__orders", ["total"], schema="tenant")',
        'op.drop_constraint("__wbp__products_price_check", "__wbp__products", schema="tenant")',
        'op.alter_column("__wbp__products", "unit", nullable=True, schema="tenant")',
        "op.execute(\"UPDATE tenant.__wbp__products SET name = 'DROP TABLE x; RENAME'\")",
        (
            'op.create_table("__wbp__n", sa.Column("a", sa.Text()), schema="tenant")\n'
            '    op.create_index("__wbp__u", "__wbp__n", ["a"], unique=True, schema="tenant")'
        ),
    ],
)
def test_what_only_adds_or_loosens_expands(folder: Path, upgrade: str) -> None:
    add_module(folder, "odd", upgrade)
    assert MigrationLine(folder).ddl("odd")


def test_an_unknown_branch_is_refused(folder: Path) -> None:
    for name in ("nothing", "", "base/versions", "modules", "abarrotes"):
        with pytest.raises(UnknownChoice):
            MigrationLine(folder).branch(name)
