"""Templates: the ones we bring are good, and a bad one is refused with file, line and reason."""

import re
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from wabot.config import bundled
from wabot.domain.plan import PLANS
from wabot.errors import InvalidInput, UnknownChoice
from wabot.repositories.provisioning.template_folders import FolderTemplates

BUNDLED = FolderTemplates()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the grocer's template that a test may spoil."""
    copy = tmp_path / "templates"
    shutil.copytree(bundled("tenant_templates") / "abarrotes", copy / "abarrotes")
    return copy


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a text that stands once; return its line."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        FolderTemplates(folder).load("abarrotes")
    return refused.value.message


@pytest.mark.parametrize("name", BUNDLED.names())
def test_a_bundled_template_is_a_whole_shop(name: str) -> None:
    template = BUNDLED.load(name)
    sizes = Counter(product.category for product in template.products)
    assert 40 <= len(template.products) <= PLANS["basico"].active_products
    assert len(sizes) >= 5
    assert set(sizes) == set(template.categories)
    assert template.statuses[0].code == "pendiente"
    assert all(product.stock > 0 and product.price > 0 for product in template.products)


def test_the_grocer_sells_by_weight_and_has_a_category_that_needs_paging() -> None:
    template = BUNDLED.load("abarrotes")
    by_weight = [p for p in template.products if p.unit == "kg" and p.step == Decimal("0.25")]
    assert len(by_weight) >= 3
    assert max(Counter(p.category for p in template.products).values()) > 10
    assert all(product.aliases for product in template.products)


@pytest.mark.parametrize("name", BUNDLED.names())
def test_names_of_products_fit_a_row_of_a_list(name: str) -> None:
    assert [p.name for p in BUNDLED.load(name).products if len(p.name) > 24] == []


def test_stock_is_written_in_units_and_kept_in_steps(folder: Path) -> None:
    line = "FYV-001,Jitomate,Jitomate saladet,28.00,kg,0.25,30,"
    spoil(folder / "abarrotes/catalog.csv", line, line.replace(",30,", ",10.5,"))
    products = {p.sku: p for p in FolderTemplates(folder).load("abarrotes").products}
    assert products["FYV-001"].stock == 42


def test_what_is_sold_by_weight_may_tell_what_a_piece_weighs(folder: Path) -> None:
    path = folder / "abarrotes/catalog.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    weights = {"FYV-001": "120"}
    weighed = [f"{row},{weights.get(row[:7], '')}" for row in rows]
    path.write_text("\n".join([f"{header},piece_grams", *weighed]), encoding="utf-8")
    products = {p.sku: p for p in FolderTemplates(folder).load("abarrotes").products}
    assert {sku: p.piece_grams for sku, p in products.items() if p.piece_grams} == {"FYV-001": 120}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("X,Limón,,34.00,kg,0.25,20,Frutas y verduras,,0", "piece_grams 0 is out of range"),
        (
            "X,Limón,,34.00,kg,0.25,20,Frutas y verduras,,60.5",
            "piece_grams 60.5 has more than 0 decimals",
        ),
        ("X,Pan,,3.00,pieza,1,20,Pan y tortillas,,60", "piece_grams is for what is sold by kg or"),
    ],
)
def test_a_weight_that_makes_no_sense_is_refused(folder: Path, row: str, reason: str) -> None:
    header = (folder / "abarrotes/catalog.csv").read_text(encoding="utf-8").splitlines()[0]
    text = f"{header},piece_grams\n{row}\n"
    (folder / "abarrotes/catalog.csv").write_text(text, encoding="utf-8")
    assert f"catalog.csv:2: {reason}" in refusal(folder)


def test_an_unknown_template_lists_the_known_ones() -> None:
    with pytest.raises(UnknownChoice, match=r"unknown template 'abarotes'; known: .*abarrotes"):
        BUNDLED.load("abarotes")


@pytest.mark.parametrize("name", ["base", "", ".", "..", "../abarrotes", "/etc", "abarrotes/"])
def test_only_the_name_of_a_template_names_one(name: str) -> None:
    with pytest.raises(UnknownChoice):
        BUNDLED.load(name)


ARROZ = "DES-001,Arroz 1 kg,Arroz blanco súper extra,32.00,bolsa,1,40,Despensa,arroz|arroz blanco"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (ARROZ.replace("32.00", "treinta"), "price 'treinta' is no number"),
        (ARROZ.replace("32.00", '"32,00"'), "price '32,00' is no number"),
        (ARROZ.replace("32.00", "-32"), "price '-32' is no number"),
        (ARROZ.replace("32.00", "NaN"), "price 'NaN' is no number"),
        (ARROZ.replace("32.00", "1e3"), "price '1e3' is no number"),
        (ARROZ.replace("32.00", ""), "price '' is no number"),
        (ARROZ.replace("32.00", "32.005"), "more than 2 decimals"),
        (ARROZ.replace("32.00", "99999999999"), "price 99999999999 is out of range"),
        (ARROZ.replace("bolsa", "costal"), "unit 'costal' is not among those of template.toml"),
        (ARROZ.replace("Despensa", "Varios"), "category 'Varios' is not among"),
        (ARROZ.replace(",1,40,", ",0,40,"), "step 0 is out of range"),
        (ARROZ.replace(",1,40,", ",1,40.5,"), "stock 40.5 is no multiple of the step 1"),
        (ARROZ.replace(",1,40,", ",1,-4,"), "stock '-4' is no number"),
        (ARROZ.replace(",1,40,", ",0.001,9999999,"), "stock 9999999 is out of range"),
        (ARROZ.replace("DES-001", ""), "sku is empty"),
        (ARROZ.replace("Arroz 1 kg", ""), "name is empty"),
        (ARROZ.replace("Arroz 1 kg", "x" * 101), "name has 101 characters"),
        (ARROZ.replace("Arroz 1 kg", '"Arroz\n1 kg"'), "line break"),
        (ARROZ.replace("arroz blanco", ""), "alias is empty"),
        (ARROZ + ",extra", "10 cells, 9 expected"),
        ("DES-001,Arroz", "2 cells, 9 expected"),
        (ARROZ + "\n" + ARROZ.replace("Arroz 1 kg", "Otro"), "sku 'DES-001' stands in an earlier"),
        (ARROZ + "\n" + ARROZ.replace("DES-001", "X"), "name 'Arroz 1 kg' stands in an earlier"),
        (ARROZ.replace("Arroz 1 kg", '"Arroz" 1 kg'), "no valid CSV"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(folder: Path, bad: str, reason: str) -> None:
    path = folder / "abarrotes/catalog.csv"
    line = spoil(path, ARROZ, bad)
    message = refusal(folder)
    assert reason in message
    assert re.search(rf"{re.escape(str(path))}:({line}|{line + 1}): ", message)


def test_all_bad_rows_are_told_at_once(folder: Path) -> None:
    path = folder / "abarrotes/catalog.csv"
    lines = {spoil(path, "Azúcar estándar 1 kg", ""), spoil(path, ",98.00,", ",98.999,")}
    message = refusal(folder)
    assert all(f"catalog.csv:{line}: " in message for line in lines)


def test_other_columns_are_refused(folder: Path) -> None:
    spoil(folder / "abarrotes/catalog.csv", "sku,name,description", "id,name,description")
    assert "catalog.csv:1: the first line must be: sku,name" in refusal(folder)


def test_a_file_in_another_encoding_is_refused_with_its_line(folder: Path) -> None:
    path = folder / "abarrotes/catalog.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert re.search(r"catalog\.csv:2: is not UTF-8", refusal(folder))


def test_a_file_saved_by_a_spreadsheet_is_read(folder: Path) -> None:
    path = folder / "abarrotes/catalog.csv"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert FolderTemplates(folder).load("abarrotes").products == BUNDLED.load("abarrotes").products


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('country = "MX"', 'country = "ZZ"', "country must be one of"),
        ('currency = "MXN"', 'currency = "EUR"', "currency must be one of"),
        ('country = "MX"', 'time_zone = "Mars/Base"', "time_zone must be an IANA name"),
        ('country = "MX"', 'colour = "red"', "unknown key 'colour'"),
        ('name = "Abarrotes"', "name = 5", "name must be a text"),
        ('code = "listo"', 'code = "Listo!"', "code must be lower-case"),
        ('label = "Listo para recoger"', 'label = ""', "label must be a text"),
        ("[settings.pickup]", "[settings.pick_up]", "unknown setting"),
        ("default = [1, 2, 3]", "default = [1, 2, 3, 4]", "default must be one to three"),
        ('default = "24h"', 'default = "a day"', "default must be a whole number with"),
        ('label = "Listo para recoger"', "label = 7", "label must be"),
        ('type = "numbers"', 'type = "text"', "type of usual_quantities must be 'numbers'"),
    ],
)
def test_a_bad_key_is_refused_with_its_line(folder: Path, old: str, new: str, reason: str) -> None:
    line = spoil(folder / "abarrotes/template.toml", old, new)
    assert re.search(rf"template\.toml:{line}: [^\n]*{re.escape(reason)}", refusal(folder))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('code = "listo"', 'code = "en_camino"', "a code twice"),
        ('code = "cancelado"', 'code = "anulado"', "'cancelado' with final = true is needed"),
        ('code = "pendiente"', 'code = "nuevo"', "first order_status must be 'pendiente'"),
        ('code = "pendiente"', 'code = "pendiente"\nfinal = true', "'pendiente', not final"),
    ],
)
def test_states_of_orders_that_do_not_work_together_are_refused(
    folder: Path, old: str, new: str, reason: str
) -> None:
    spoil(folder / "abarrotes/template.toml", old, new)
    assert reason in refusal(folder)


def test_what_is_missing_is_told_where_its_table_begins(folder: Path) -> None:
    path = folder / "abarrotes/template.toml"
    line = spoil(path, "[settings.pause_lifetime]", "[settings.pause_lifetime]")
    spoil(path, 'default = "12h"', "")
    assert f"template.toml:{line}: default must be" in refusal(folder)


def test_broken_toml_is_refused_with_its_line(folder: Path) -> None:
    line = spoil(folder / "abarrotes/template.toml", 'currency = "MXN"', "currency = MXN")
    assert f"template.toml:{line}: no valid TOML" in refusal(folder)


def test_a_missing_catalogue_is_told(folder: Path) -> None:
    (folder / "abarrotes/catalog.csv").unlink()
    assert "catalog.csv: the file is missing" in refusal(folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("welcome = 3", "text 'menu.welcome' is no sentence"),
        ('welcome = " "', "text 'menu.welcome' is no sentence"),
        ('welcom = "Hola"', "unknown text key 'menu.welcom'"),
        ('welcome = "Hola {nombre}"', "unknown placeholder: nombre"),
        ('welcome = "Hola {"', "unbalanced brace"),
    ],
)
def test_a_bad_text_is_refused_with_its_line(folder: Path, line: str, reason: str) -> None:
    path = folder / "abarrotes/texts.toml"
    path.write_text(f"[menu]\n# how we greet\n{line}\n", encoding="utf-8")
    assert re.search(rf"texts\.toml:3: .*{re.escape(reason)}", refusal(folder))


@pytest.mark.parametrize("text", ['[menu]\nwelcome = "Hola"', '"menu.welcome" = "Hola"'])
def test_texts_are_overridden_by_key(folder: Path, text: str) -> None:
    (folder / "abarrotes/texts.toml").write_text(text, encoding="utf-8")
    assert FolderTemplates(folder).load("abarrotes").texts == {"menu.welcome": "Hola"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'[option]\n#\norder = "{"x" * 21}"', "text 'option.order' has 21 characters, the limit"),
        (f'[usted.option]\n#\norder = "{"x" * 21}"', "text 'usted.option.order' has 21 char"),
        (
            f'[menu]\n#\nmain = "{"x" * 513}"',
            "text 'menu.main' has 513 characters, the limit is 512",
        ),
    ],
)
def test_a_text_that_whatsapp_would_not_take_is_refused(
    folder: Path, line: str, reason: str
) -> None:
    (folder / "abarrotes/texts.toml").write_text(line + "\n", encoding="utf-8")
    assert f"texts.toml:3: {reason}" in refusal(folder)


OWN = """
[settings.abarrotes_credit]
type = "whole"
default = 3
minimum = 0
maximum = 10
help = "Weeks of credit."

[settings.abarrotes_policy]
type = "choice"
choices = ["ask", "drop"]
default = "ask"
help = "What happens."
"""


def test_a_template_has_settings_of_its_own(folder: Path) -> None:
    path = folder / "abarrotes/template.toml"
    path.write_text(path.read_text(encoding="utf-8") + OWN, encoding="utf-8")
    specs = {spec.key: spec for spec in FolderTemplates(folder).load("abarrotes").settings}
    assert (specs["abarrotes_credit"].minimum, specs["abarrotes_credit"].maximum) == (0, 10)
    assert specs["abarrotes_policy"].choices == ("ask", "drop")
    seed = FolderTemplates(folder).load("abarrotes").seed()
    assert seed.settings["abarrotes_policy"] == "ask"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("settings.abarrotes_credit", "settings.credit", "unknown setting 'credit'"),
        ("settings.abarrotes_credit", "settings.abarrotes_Credit", "unknown setting"),
        ('type = "whole"', 'type = "number"', "type of abarrotes_credit must be 'boolean' or"),
        ("default = 3", "default = 11", "default must be a whole number from 0 to 10"),
        ("default = 3", "", "default must be a whole number"),
        ("minimum = 0", 'minimum = "none"', "minimum must be a whole number"),
        ("minimum = 0", "choices = []", "unknown key 'choices'; known: type, default, help, min"),
        (
            'choices = ["ask", "drop"]',
            'choices = ["ask"]',
            "choices must be at least two different",
        ),
        ('choices = ["ask", "drop"]', 'choices = ["ask", "a b"]', "choices must be at least two"),
        ('default = "ask"', 'default = "maybe"', "default must be one of: ask, drop"),
        ('help = "Weeks of credit."', "", "help must be a text that says what the setting does"),
    ],
)
def test_a_setting_of_its_own_that_makes_no_sense_is_refused_with_its_line(
    folder: Path, old: str, new: str, reason: str
) -> None:
    path = folder / "abarrotes/template.toml"
    before = path.read_text(encoding="utf-8")
    first = before.count("\n") + 1
    assert OWN.count(old) == 1
    path.write_text(before + OWN.replace(old, new), encoding="utf-8")
    told = re.search(rf"template\.toml:(\d+): {re.escape(reason)}", refusal(folder))
    assert told
    assert first <= int(told[1]) <= first + OWN.count("\n")


def test_a_common_choice_keeps_its_words(folder: Path) -> None:
    path = folder / "abarrotes/template.toml"
    before = path.read_text(encoding="utf-8")
    common = '[settings.addressing]\ntype = "choice"\ndefault = "usted"\n'
    path.write_text(f"{before}\n{common}", encoding="utf-8")
    assert FolderTemplates(folder).load("abarrotes").seed().settings["addressing"] == "usted"


def test_a_common_choice_gets_no_further_words(folder: Path) -> None:
    path = folder / "abarrotes/template.toml"
    words = 'choices = ["usted", "vos"]'
    common = f'[settings.addressing]\ntype = "choice"\n{words}\ndefault = "vos"\n'
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{common}", encoding="utf-8")
    assert "choices must be those of every shop: tu, usted" in refusal(folder)
