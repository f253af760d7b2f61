"""In which language a text is: sentences of ours, headlines half made of names, other scripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reading.language import LANGUAGES, detect

SENTENCES = {
    "en": [
        "The team says the car will not be ready before the end of next month.",
        "He was taken to hospital for checks but is expected to race on Sunday.",
        "Both drivers had been told to hold position after the last stop.",
    ],
    "de": [
        "Das Team rechnet damit, dass das Auto erst im nächsten Monat fertig wird.",
        "Nach dem Rennen mussten beide Fahrer zu den Kommissaren.",
        "Er wurde ins Krankenhaus gebracht, soll aber am Sonntag starten.",
    ],
    "fr": [
        "L'équipe annonce que la voiture ne sera pas prête avant la fin du mois.",
        "Il a été conduit à l'hôpital, mais devrait courir dimanche.",
        "Les deux pilotes ont été convoqués par les commissaires après l'arrivée.",
    ],
    "es": [
        "El equipo anunció que el coche no estará listo antes de fin de mes.",
        "Fue trasladado al hospital, pero se espera que corra el domingo.",
        "Los dos pilotos tuvieron que presentarse ante los comisarios.",
    ],
    "it": [
        "La squadra ha fatto sapere che la macchina non sarà pronta prima della fine del mese.",
        "È stato portato in ospedale, ma dovrebbe correre domenica.",
        "Entrambi i piloti sono stati convocati dai commissari dopo la gara.",
    ],
    "pt": [
        "A equipa avisou que o carro não estará pronto antes do fim do mês.",
        "Foi levado para o hospital, mas deverá correr no domingo.",
        "Os dois pilotos foram chamados aos comissários depois da corrida.",
    ],
    "nl": [
        "Het team laat weten dat de auto niet voor het einde van de maand klaar is.",
        "Hij werd naar het ziekenhuis gebracht, maar zal zondag naar verwachting rijden.",
        "De twee coureurs moesten zich na de race bij de wedstrijdleiding melden.",
    ],
}


@pytest.mark.parametrize(
    ("language", "text"), [(lang, text) for lang, texts in SENTENCES.items() for text in texts]
)
def test_a_sentence_is_told_without_any_hint(language: str, text: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "Verstappen takes pole in Austin", ["Verstappen", "Austin"]),
        ("de", "Vettel gewinnt vor Hamilton", ["Vettel", "Hamilton"]),
        ("fr", "Leclerc devance Sainz à Monza", ["Leclerc", "Sainz", "Monza"]),
        ("es", "ALONSO Y UNA CARRERA PARA EL OLVIDO", ["ALONSO"]),
        ("it", "Bagnaia vince davanti a Quartararo al Mugello", ["Bagnaia", "Quartararo", "Mugello"]),
        ("pt", "Oliveira não vai correr em Portimão", ["Oliveira", "Portimão"]),
        ("nl", "Verstappen wint chaotische race in de regen", ["Verstappen"]),
    ],
)
def test_a_headline_is_told_by_what_is_left_without_its_names(
    language: str, text: str, names: list[str]
) -> None:
    assert detect(text, names=names) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "ル・マン24時間レースの結果"),
        ("ru", "Гонка в Монако отложена"),
        ("el", "Το Ράλι Ακρόπολις επιστρέφει"),
        ("ko", "경주 결과"),
    ],
)
def test_another_script_says_which_language_it_is(language: str, text: str) -> None:
    assert detect(text) == language


def test_the_feeds_language_decides_where_the_text_does_not() -> None:
    assert detect("Max Verstappen", prior="nl", names=["Max Verstappen"]) == "nl"
    assert detect("", prior="de-AT") == "de"
    assert detect("") == "en"


def test_the_text_wins_over_a_wrong_feed_language() -> None:
    assert detect(SENTENCES["nl"][0], prior="en") == "nl"


def test_a_feed_in_a_language_that_is_not_known_keeps_it() -> None:
    assert detect("Kilpailun voittaja johtaa mestaruutta ennen viimeistä osakilpailua", prior="fi") == "fi"


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=200),
    st.one_of(st.none(), st.text(max_size=5)),
    st.lists(st.text(max_size=5), max_size=3),
)
def test_any_text_gets_some_language(text: str, prior: str | None, names: list[str]) -> None:
    assert detect(text, prior=prior, names=names)


def test_all_seven_languages_are_told() -> None:
    assert set(SENTENCES) == set(LANGUAGES)
