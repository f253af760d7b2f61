"""Say what is ambiguous or wrong in the catalogue's TOML files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.series.names import NONE, SURE, Alias

if TYPE_CHECKING:
    from bot.series.catalog import Catalog


def troubles(catalog: Catalog) -> list[str]:
    """Collect plain sentences: unknown slugs, spellings claimed twice, families and colours out of range."""
    return [*catalog.names.troubles, *_claimed_twice(catalog), *_out_of_range(catalog)]


def _claimed_twice(catalog: Catalog) -> list[str]:
    found = []
    for phrase, aliases in catalog.matcher.phrases():
        sure = [alias for alias in aliases if alias.sureness == SURE]
        if len(sure) > 1 and not _agree(sure):
            names = ", ".join(f"{alias.owner.kind} {alias.owner.name!r}" for alias in sure)
            found.append(
                f"{phrase!r} is claimed for sure by {names}: mark all but one with ~, or make the spelling longer"
            )
    return found


def _agree(aliases: list[Alias]) -> bool:
    """Two owners of one spelling do no harm where they speak for the same series."""
    slugs = [{bond.slug for bond in alias.owner.bonds if bond.slug != NONE} for alias in aliases]
    return all(slugs[0] & other for other in slugs[1:])


def _out_of_range(catalog: Catalog) -> list[str]:
    found = []
    for slug, series in catalog.series.items():
        if not 0 <= series.colour <= 0xFFFFFF:
            found.append(f"{slug}: colour {series.colour:#x} is not 0xRRGGBB")
        found += [
            f"{slug}: related to an unknown series {other!r}"
            for other in catalog.related[slug]
            if other not in catalog.series
        ]
    typed: dict[str, str] = {}
    for slug, forms in catalog.typed.items():
        for form in forms:
            other = typed.setdefault(form, slug)
            if other != slug:
                found.append(f"{form!r} typed by a person means both {other} and {slug}")
    return found
