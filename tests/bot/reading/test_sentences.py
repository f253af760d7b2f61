"""Where sentences end, in seven languages."""

from __future__ import annotations

import time

import pytest

from bot.reading.sentences import sentences

WHOLE = [
    ("de", "Am Freitag, dem 5. November, kam z. B. P. Fillon nach St. Moritz."),
    ("de", "Der 1. FC Boxengasse holte mit Startnummer Nr. 7 die Bestzeit von 1:23.456 Minuten."),
    ("de", "Das Team aus Köln, d. h. die Mannschaft von J.-P. Muster, startet vom 3. Platz."),
    ("en", "Mr. Example and Dr. Sample saw the No. 7 car stop at St. Mary's vs. the pack."),
    ("en", "J.P. Sample beat Dale Example Jr. in overtime by 0.3s at the U.S. Grand Prix."),
    ("en", '"Why not?" he asked after the third stint.'),
    ("fr", "M. Modèle et Mme. Exemple ont vu P. Pilote gagner le 1er mai."),
    ("fr", "« Pourquoi pas ? » demande-t-il après la course."),
    ("es", "El Sr. Ejemplo llegó de EE. UU. con el núm. 7 en la mano."),
    ("it", "Il sig. Modello e il dott. Esempio erano ai box."),
    ("pt", "O Sr. Exemplo largou em primeiro com o carro nº 7."),
    ("nl", "De coureur uit Assen reed o.a. bij team nr. 4 van dhr. Voorbeeld."),
]

SPLIT = [
    ("de", "Der Rest folgt… Und dann kam der 3. Lauf. Danach war Schluss.", 3),
    ("de", "„Das war gut.“ Er lachte. »Noch einmal!« Dann ging er.", 4),
    ("de", "Das Rennen endete in der Gruppe B. Der Sieger schwieg.", 2),
    ("de", "Sie gewann 2024. Im Jahr darauf nicht.", 2),
    ("en", "He won! Really? Yes. The end.And more came later.", 5),
    ("en", "The gap was 1.5 seconds. It held to the flag.", 2),
    ("fr", "« C'est bien. » Le Mans est loin. Etc.", 3),
    ("es", "¿Quién ganó? Él. ¡Qué carrera!", 3),
    ("it", "«Bene», dice. Poi parte. Vince.", 3),
    ("pt", "Venceu. Depois parou. Fim.", 3),
    ("nl", "Hij gaf op. Dat was jammer. Klaar.", 3),
]


@pytest.mark.parametrize(("language", "text"), WHOLE)
def test_an_abbreviation_an_initial_and_an_ordinal_end_no_sentence(language: str, text: str) -> None:
    assert sentences(text, language) == [text]


@pytest.mark.parametrize(("language", "text", "count"), SPLIT)
def test_sentences_are_parted_and_nothing_is_lost(language: str, text: str, count: int) -> None:
    found = sentences(text, language)
    assert len(found) == count, found
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_a_line_break_ends_a_sentence() -> None:
    assert sentences("A heading\n\nThe text. More.") == ["A heading", "The text.", "More."]


def test_an_unknown_language_is_split_by_what_all_have_in_common() -> None:
    assert sentences("Ett. Två. Dr. Exempel kom.", "sv") == ["Ett.", "Två.", "Dr. Exempel kom."]


@pytest.mark.parametrize("piece", ["a. ", "A.", "„“”", ". ", "1. ", "…?!", "x" * 50])
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    sentences(text, "de")
    assert time.process_time() - began < 1
