"""What a file of shops may look like, and how its faults are told."""

import re
from pathlib import Path

import pytest

from tests.integration.bulk.conftest import Write, shop
from wabot.errors import InvalidInput
from wabot.repositories.provisioning.bulk_file import exposure, read_rows
from wabot.repositories.provisioning.template_folders import FolderTemplates
from wabot.services.provisioning.bulk_cells import COLUMNS
from wabot.services.provisioning.bulk_rules import check_rows


def rows(path: Path) -> list[tuple[int, dict[str, str], str]]:
    return [
        (row.line, dict(row.values), "; ".join((row.fault, *row.spoilt.values())))
        for row in read_rows(path, COLUMNS)
    ]


def bad(path: Path, **defaults: str) -> dict[int, str]:
    checked = check_rows(
        read_rows(path, COLUMNS), FolderTemplates(), defaults=defaults, actor="tests"
    )
    return {result.line: result.reason for result in checked.bad}


def test_a_file_as_excel_in_spanish_writes_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tiendas.csv"
    text = (
        "Slug;Name;Template;Plan;Phone Number ID;Token\r\n"
        'dona-lupita;"Doña Lupita; la de siempre";abarrotes;basico;106540352242922;EAAabc\r\n'
        ";;;;;\r\n"
        "don-pepe;Don Pepe;abarrotes;basico;106540352242923;EAAdef\r\n"
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert bad(path) == {}
    found = rows(path)
    assert [row[0] for row in found] == [2, 4]
    assert found[0][1]["name"] == "Doña Lupita; la de siempre"
    path.write_bytes(b"\xef\xbb\xbf" + b"sep=;\r\n" + text.encode())
    assert [row[0] for row in rows(path)] == [3, 5]


def test_lines_are_counted_across_cells_with_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "shops.csv"
    path.write_text('slug,name\none,"two\nlines"\nthree,four\n')
    assert [(line, values["name"]) for line, values, _ in rows(path)] == [
        (2, "two\nlines"),
        (4, "four"),
    ]


def test_a_toml_file_has_tenants_and_defaults(tmp_path: Path) -> None:
    path = tmp_path / "shops.toml"
    path.write_text(
        '[defaults]\ntemplate = "abarrotes"\nplan = "basico"\n\n'
        '[[tenant]]\nslug = "one"\nname = "One"\nphone-number-id = 101\ntoken = "EAA1"\n\n'
        '[[tenant]]\nslug = "two"\nplan = "premium"\nphone_number_id = "102"\ncolour = "red"\n'
    )
    (one, two) = rows(path)
    assert one[0] == 5
    assert one[1] == {
        "slug": "one",
        "name": "One",
        "template": "abarrotes",
        "plan": "basico",
        "phone_number_id": "101",
        "token": "EAA1",
    }
    assert (two[0], two[1]["plan"]) == (11, "premium")
    assert "unknown key 'colour'" in two[2]


def test_what_is_no_table_of_shops_is_refused_with_line_and_reason(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    cases: tuple[tuple[str, bytes, str], ...] = (
        ("empty.csv", b"", "1: the first line must name the columns"),
        ("header.csv", b"slug,name\n", "1: there are no tenants in it"),
        ("typo.csv", b"slug,name,tokn\na,b,c\n", "1: unknown column 'tokn'; did you mean token?"),
        ("twice.csv", b"slug,name,name\na,b,c\n", "1: the column name stands there twice"),
        ("quote.csv", b'slug,name\nab,"open\n', "no valid CSV"),
        ("latin.csv", "slug,name\nab,Doña\n".encode("cp1252"), "2: is not UTF-8 text"),
        ("broken.toml", b"[[tenant]\n", "1: no valid TOML"),
        ("other.toml", b"[shops]\nx = 1\n", "1: unknown table 'shops'"),
        ("missing.csv", b"", "the file is missing"),
    )
    for name, content, told in cases:
        with subtests.test(name=name):
            path = tmp_path / name
            if name != "missing.csv":
                path.write_bytes(content)
            with pytest.raises(InvalidInput) as refused:
                read_rows(path, COLUMNS)
            assert told in refused.value.message


def test_every_bad_row_is_told_with_all_that_is_wrong_in_it(write: Write) -> None:
    path = write(
        shop(1),
        shop(2, slug="Tienda 2", plan="gold"),
        shop(3, token=""),
        shop(4, owner_phone="12"),
        shop(5, phone_number_id="1.0654E+14"),
        shop(6, currency="EUR"),
    )
    found = bad(path)
    assert sorted(found) == [3, 4, 5, 6, 7]
    assert "Tienda 2" in found[3]
    assert "unknown plan 'gold'" in found[3]
    assert found[4] == "missing: token"
    assert "owner phone" in found[5]
    assert "a spreadsheet has rounded the number" in found[6]
    assert "unknown currency" in found[7]


def test_all_faults_of_a_row_are_told_in_the_order_of_the_columns(write: Write) -> None:
    wrong = {
        "phone_number_id": ("+52 55", "the phone_number_id must be digits"),
        "plan": ("gold", "unknown plan 'gold'"),
        "token": ("EAA one", "the token holds spaces"),
        "throughput": ("many", "the throughput must be"),
        "owner_phone": ("12", "the owner phone '12'"),
        "waba_id": ("1.0654E+14", "waba_id: a spreadsheet has rounded"),
        "time_zone": ("Mexico City", "unknown time zone"),
        "slug": ("Shop 1", "cannot be a slug"),
        "app_id": ("app", "the app_id must be digits"),
        "isolation": ("island", "unknown isolation"),
        "currency": ("EUR", "unknown currency"),
        "name": ("x" * 101, "the name must have"),
        "adviser_phone": ("+52 1", "the adviser phone '+52 1'"),
        "template": ("abarrote", "abarrotes"),
        "country": ("MX", ""),
    }
    told = bad(write({column: value for column, (value, _) in wrong.items()}))[2]
    found = [told.find(fault) for _, fault in wrong.values() if fault]
    assert -1 not in found, told
    assert found == sorted(found), told


def test_a_phone_waits_for_its_country_unless_it_names_one_itself(write: Write) -> None:
    phones = {"owner_phone": "5512345678", "adviser_phone": "+12"}
    told = bad(write(shop(1, country="ZZ", **phones)))[2]
    assert "unknown country" in told
    assert "owner phone" not in told
    assert "adviser phone" in told


def test_rows_that_share_a_slug_or_a_number_are_all_bad(write: Write) -> None:
    found = bad(write(shop(1), shop(2, slug="shop-1"), shop(3), shop(4, phone_number_id="200003")))
    assert sorted(found) == [2, 3, 4, 5]
    assert found[2] == found[3] == "slug shop-1 stands on the lines 2, 3"
    assert found[4] == "phone_number_id 200003 stands on the lines 4, 5"


def test_empty_cells_take_the_options_of_the_command(write: Write) -> None:
    path = write({key: value for key, value in shop(1).items() if key not in {"plan", "template"}})
    assert bad(path) == {2: "missing: template, plan"}
    assert bad(path, template="abarrotes", plan="basico") == {}


def test_a_reason_never_quotes_a_token(write: Write) -> None:
    found = bad(write(shop(1, token="EAAone two"), shop(2, token="EAAñ")))
    assert sorted(found) == [2, 3]
    assert "EAA" not in str(found)


def test_who_may_read_a_file_with_tokens_is_told(write: Write) -> None:
    path = write(shop(1))
    assert exposure(path) == ""
    path.chmod(0o640)
    assert exposure(path) == "its group"
    path.chmod(0o644)
    assert exposure(path) == "everybody"


def test_the_readme_names_the_columns_that_there_are() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (paragraph,) = (line for line in readme.splitlines() if line.startswith("A table of shops"))
    told = set(re.findall(r"`([a-z_]+)`", paragraph))
    assert told == set(COLUMNS)
