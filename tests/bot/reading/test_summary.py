"""A summary tells what happened in the article's own sentences, short and whole."""

from __future__ import annotations

import pytest

from bot.reading.summary import LONGEST, cut_at_clause, summarise

TITLE = "Hypothetical Racing signs Muster for three years"
TEXT = (
    "It was a quiet morning in the paddock.\n\n"
    "Hypothetical Racing has signed Max Muster until the end of 2029, the team announced in Spa on Thursday. "
    "The 24-year-old replaces Tom Probe, who moves to the reserve role.\n\n"
    "“I have waited for this for years,” said Muster at the circuit. He will test the car in December.\n\n"
    "Muster won four races in the junior series this season and scored 212 points, more than any rookie before him.\n\n"
    "Read also: Ten things you did not know about Spa"
)

TEXTS = {
    "en": TEXT,
    "de": "Es war ein ruhiger Morgen. Hypothetical Racing hat Max Muster bis Ende 2029 verpflichtet, wie das Team am "
    "Donnerstag in Spa mitteilte. Der 24-Jährige ersetzt Tom Probe, der Ersatzfahrer wird.",
    "fr": "La matinée était calme. Hypothetical Racing a engagé Max Muster jusqu'à fin 2029, a annoncé l'équipe jeudi à "
    "Spa. Le pilote de 24 ans remplace Tom Probe, qui devient réserviste.",
    "es": "Era una mañana tranquila. Hypothetical Racing ha fichado a Max Muster hasta finales de 2029, anunció el equipo "
    "el jueves en Spa. El piloto de 24 años sustituye a Tom Probe, que pasa a ser reserva.",
    "it": "Era una mattina tranquilla. Hypothetical Racing ha ingaggiato Max Muster fino al 2029, ha annunciato la squadra "
    "giovedì a Spa. Il pilota di 24 anni sostituisce Tom Probe, che diventa riserva.",
    "pt": "Era uma manhã tranquila. A Hypothetical Racing contratou Max Muster até ao fim de 2029, anunciou a equipa na "
    "quinta-feira em Spa. O piloto de 24 anos substitui Tom Probe, que passa a reserva.",
    "nl": "Het was een rustige ochtend. Hypothetical Racing heeft Max Muster tot eind 2029 vastgelegd, meldde het team "
    "donderdag in Spa. De 24-jarige coureur vervangt Tom Probe, die reserve wordt.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_what_happened_is_told_not_what_came_first(language: str) -> None:
    told = summarise(TITLE, "", TEXTS[language], language)
    assert "Max Muster" in told
    assert "2029" in told
    assert len(told) <= LONGEST


def test_every_sentence_stands_in_the_article_and_boilerplate_does_not_get_in() -> None:
    told = summarise(TITLE, "", TEXT, "en")
    assert "Read also" not in told
    for sentence in told.split(". "):
        assert sentence.rstrip(".") in TEXT


def test_a_clean_standfirst_is_the_outlets_own_summary() -> None:
    standfirst = (
        "Max Muster joins the Spa-based team from next season. He replaces Tom Probe, who becomes reserve driver "
        "after two seasons in the first car and one podium in Monza, while the engine deal runs on until 2030."
    )
    assert summarise(TITLE, standfirst, TEXT, "en") == standfirst


def test_a_short_standfirst_is_followed_by_what_the_text_adds() -> None:
    told = summarise(TITLE, "The contract runs until the end of the decade.", TEXT, "en")
    assert told.startswith("The contract runs until the end of the decade. ")
    assert "Muster" in told


def test_a_standfirst_that_repeats_the_title_or_breaks_off_is_not_used() -> None:
    assert not summarise(TITLE, TITLE + ".", TEXT, "en").startswith(TITLE)
    told = summarise(
        TITLE, "After weeks of talks the team of Hypothetical Racing has finally decided to…", TEXT, "en"
    )
    assert "…" not in told
    assert told == summarise(TITLE, "", TEXT, "en")


def test_a_label_before_the_standfirst_is_left_out() -> None:
    told = summarise(TITLE, "Formula 1 | The contract runs until the end of the decade.", "", "en")
    assert told == "The contract runs until the end of the decade."


def test_a_broken_off_standfirst_is_better_than_nothing() -> None:
    assert summarise("Title", "The stewards of the meeting have now decided…", "", "en") == (
        "The stewards of the meeting have now decided…"
    )


def test_a_quote_comes_with_its_speaker_and_he_with_his_name() -> None:
    text = (
        "“We were quick all weekend. The car was a dream.” He had never driven faster in Spa. "
        "“The car was a dream all weekend,” said Max Muster in Spa after the race for Hypothetical Racing."
    )
    told = summarise("Muster praises car in Spa", "", text, "en")
    assert told.endswith("for Hypothetical Racing.")
    assert "He had never" not in told


def test_a_title_alone_has_nothing_more_to_tell() -> None:
    assert summarise("Only a title", "", "", "en") == ""


@pytest.mark.parametrize(
    "text", ["One.", "no full stop anywhere in these few words", "WORDS IN CAPITALS ONLY", "?!", "…"]
)
def test_where_there_is_text_there_is_a_summary(text: str) -> None:
    assert summarise("A title", "", text, "en")


def test_a_sentence_that_does_not_fit_is_cut_at_a_clause_and_shown_cut() -> None:
    clause = "the team that had led the race from the first hour on"
    sentence = f"In the end {clause}, {clause}, {clause}, {clause}, {clause}, {clause}, {clause} came home."
    told = summarise("Another title", "", sentence, "en")
    assert told.endswith("hour on…")
    assert len(told) <= LONGEST


def test_a_sentence_that_fits_is_not_cut() -> None:
    assert cut_at_clause("Short, and sweet.", 30) == "Short, and sweet."
