"""Same story or not, on invented headlines in the manner of real outlets."""

from __future__ import annotations

import pytest

from bot.posts.reasons import say_reason
from tests.bot.stories.newsroom import Newsroom

Told = tuple[str, str]

SAME: dict[str, tuple[Told, Told]] = {
    "result": (
        (
            "Verstappen wins the Italian Grand Prix from fifth on the grid",
            "Max Verstappen won the Italian Grand Prix at Monza ahead of Lando Norris and Charles Leclerc.",
        ),
        (
            "F1 Italian GP: Verstappen beats Norris to Monza victory",
            "Max Verstappen took victory in the Italian Grand Prix at Monza, Lando Norris finished second.",
        ),
    ),
    "result across languages": (
        (
            "Verstappen wins the Italian Grand Prix ahead of Norris",
            "Max Verstappen won the Italian Grand Prix at Monza, Lando Norris was second for McLaren.",
        ),
        (
            "Verstappen siegt beim Großen Preis von Italien vor Norris",
            "Max Verstappen hat den Großen Preis von Italien in Monza gewonnen, Lando Norris wurde Zweiter für McLaren.",
        ),
    ),
    "signing": (
        (
            "Ferrari signs Oscar Piastri for 2027",
            "Oscar Piastri will leave McLaren to drive for Ferrari on a three-year contract.",
        ),
        (
            "Official: Piastri joins Ferrari from McLaren in 2027",
            "Ferrari has announced the signing of Oscar Piastri from McLaren on a contract of three years.",
        ),
    ),
    "signing in French and Spanish": (
        (
            "Oscar Piastri signe chez Ferrari pour 2027",
            "Ferrari a annoncé l'arrivée d'Oscar Piastri, qui quitte McLaren avec un contrat de trois ans.",
        ),
        (
            "Oscar Piastri ficha por Ferrari para 2027",
            "Ferrari ha anunciado el fichaje de Oscar Piastri, que deja McLaren con un contrato de tres años.",
        ),
    ),
    "penalty": (
        (
            "Hamilton gets five-place grid penalty at Monza",
            "Lewis Hamilton will drop five places on the grid at Monza, the stewards ruled after practice.",
        ),
        (
            "Stewards hand Hamilton a five-place grid penalty for Monza",
            "Lewis Hamilton has been given a grid penalty at Monza by the stewards for ignoring yellow flags.",
        ),
    ),
    "penalty in Italian and Portuguese": (
        (
            "Hamilton penalizzato di cinque posizioni a Monza",
            "Lewis Hamilton perderà cinque posizioni in griglia a Monza: penalità per bandiera gialla.",
        ),
        (
            "Hamilton penalizado em cinco posições em Monza",
            "Lewis Hamilton perde cinco posições na grelha em Monza: penalização por bandeira amarela.",
        ),
    ),
    "an event here, its circuit there": (
        (
            "Russell fastest in Friday practice at Zandvoort",
            "George Russell led second practice at the Dutch track.",
        ),
        (
            "GP d'Olanda, FP2: Russell il più veloce",
            "George Russell ha chiuso in testa le seconde libere del Gran Premio d'Olanda.",
        ),
    ),
    "a driver whom no catalogue knows": (
        (
            "Tanabe signs with Nordvik Racing for 2028 Formula E season",
            "Japanese driver Kenji Tanabe joins Nordvik Racing in Formula E.",
        ),
        (
            "Kenji Tanabe wechselt zu Nordvik Racing in die Formel E",
            "Der Japaner Kenji Tanabe fährt 2028 für Nordvik Racing in der Formel E.",
        ),
    ),
    "an outlet's name after the title": (
        (
            "Toyota wins the 6 Hours of Fuji",
            "Toyota won its home race of the WEC at Fuji with the number 8 car.",
        ),
        (
            "Toyota wins the 6 Hours of Fuji | Paddock Post",
            "The number 8 Toyota won the WEC race at Fuji in front of the home crowd.",
        ),
    ),
}

OTHER: dict[str, tuple[Told, Told]] = {
    "a reaction": (
        SAME["result"][0],
        (
            "Norris: 'We simply had no answer to Max in those last laps'",
            "Lando Norris said he was disappointed to lose the Italian Grand Prix at Monza to Max Verstappen.",
        ),
    ),
    "an analysis": (
        SAME["signing"][0],
        (
            "Why Piastri's Ferrari move makes sense",
            "Oscar Piastri leaves McLaren for Ferrari. What is behind it?",
        ),
    ),
    "another driver": (
        SAME["signing"][0],
        (
            "Ferrari signs Theo Pourchaire as reserve driver",
            "Theo Pourchaire will be the reserve driver of Ferrari next year on a one-year contract.",
        ),
    ),
    "another session": (
        (
            "Norris takes pole position for the Italian Grand Prix",
            "Lando Norris was fastest in qualifying at Monza, 0.08 seconds ahead of Max Verstappen.",
        ),
        SAME["result"][0],
    ),
    "another series": (
        (
            "Marquez wins the Grand Prix of San Marino at Misano",
            "Marc Marquez won the MotoGP race at Misano from pole position ahead of Francesco Bagnaia.",
        ),
        (
            "Razgatlioglu wins the second WorldSBK race at Misano",
            "Toprak Razgatlioglu won the second race of the Superbike World Championship at Misano.",
        ),
    ),
    "a rumour before it is settled": (
        (
            "Piastri close to Ferrari switch, reports say",
            "Oscar Piastri could leave McLaren. He is understood to be in talks with Ferrari for 2027.",
        ),
        SAME["signing"][0],
    ),
    "the next stage": (
        (
            "Dakar: Loeb wins stage 5 after puncture for Al-Attiyah",
            "Sebastien Loeb won the fifth stage of the Dakar Rally, Nasser Al-Attiyah lost time.",
        ),
        ("Loeb vence a sexta etapa do Dakar", "Sébastien Loeb venceu a sexta etapa do Rali Dakar."),
    ),
    "the appeal": (
        (
            "Aston Martin Valkyrie excluded from Spa WEC result",
            "The Aston Martin Valkyrie number 009 was disqualified from the 6 Hours of Spa.",
        ),
        (
            "Aston Martin to appeal Spa disqualification",
            "Aston Martin will appeal against the disqualification of its Valkyrie at Spa.",
        ),
    ),
    "a win that is lost at the green table, by somebody new": (
        (
            "Lindqvist takes maiden Supercars win in Darwin",
            "Rookie Elof Lindqvist won the opening Supercars race at Hidden Valley for Erebus.",
        ),
        (
            "Lindqvist penalised after Darwin Supercars win",
            "Elof Lindqvist gets a ten-second penalty after his win at Hidden Valley and loses the victory.",
        ),
    ),
    "other facts of the same shape": (
        (
            "Ogier wins Rally Finland after a dramatic last stage",
            "Sebastien Ogier won the WRC round in Finland for Toyota ahead of Elfyn Evans.",
        ),
        (
            "Rovanpera wins Rally Japan after a dramatic last stage",
            "Kalle Rovanpera won the WRC round in Japan for Toyota ahead of Takamoto Katsuta.",
        ),
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_two_tellings_of_one_event_are_one_story(kind: str) -> None:
    newsroom = Newsroom()
    (title, lead), (other_title, other_lead) = SAME[kind]
    first = newsroom.tell(title, lead)
    second = newsroom.tell(other_title, other_lead, minutes=38)
    assert second.id == first.id
    assert len(second.outlets) == 2


@pytest.mark.parametrize("kind", OTHER)
def test_what_is_near_is_another_story(kind: str) -> None:
    newsroom = Newsroom()
    (title, lead), (other_title, other_lead) = OTHER[kind]
    first = newsroom.tell(title, lead)
    assert newsroom.tell(other_title, other_lead, minutes=90).id != first.id


def test_all_these_events_in_one_hour_stay_apart() -> None:
    newsroom = Newsroom()
    events = {kind: newsroom.tell(*told[0], minutes=at).id for at, (kind, told) in enumerate(SAME.items())}
    assert events["result"] == events["result across languages"]
    assert len({events["result"], events["signing"], events["penalty"]}) == 3


def test_the_reason_names_what_both_tell_and_the_time_between() -> None:
    newsroom = Newsroom()
    newsroom.tell(*SAME["penalty"][0])
    story = newsroom.tell(*SAME["penalty"][1], minutes=38)
    assert len(story.reasons) == 1
    for part in ("Lewis Hamilton", "Monza", "penalty", "38 minutes apart"):
        assert part in say_reason(story.reasons[0], "en")
    assert "Strafe, Qualifying, 5; 38 Minuten auseinander" in say_reason(story.reasons[0], "de")


def test_a_later_chapter_is_a_new_story_that_knows_its_parent() -> None:
    newsroom = Newsroom()
    race = newsroom.tell(
        "Bortolotti wins the DTM race at Oschersleben",
        "Mirko Bortolotti won the second DTM race at Oschersleben for Lamborghini.",
    )
    chapter = newsroom.tell(
        "Bortolotti disqualified from DTM win at Oschersleben",
        "Mirko Bortolotti has been disqualified after the DTM race at Oschersleben, his Lamborghini was too low.",
        minutes=300,
    )
    assert chapter.id != race.id
    assert chapter.parent_id == race.id
    assert chapter.reasons[0].startswith("follows up: ")


@pytest.mark.parametrize("title", ["Video", "Live", "LIVE!", "F1", "", "…", "Photos | Paddock Post", "2026"])
def test_nearly_empty_titles_never_merge(title: str) -> None:
    newsroom = Newsroom()
    assert len({newsroom.tell(title, minutes=at).id for at in range(3)}) == 3


def test_an_outlet_does_not_tell_one_story_twice() -> None:
    newsroom = Newsroom()
    first = newsroom.tell(*SAME["result"][0], outlet="Paddock Post")
    assert newsroom.tell(*SAME["result"][1], outlet="Paddock Post", minutes=5).id != first.id


def test_after_three_days_it_is_another_story() -> None:
    newsroom = Newsroom()
    first = newsroom.tell(*SAME["result"][0])
    again = newsroom.tell(*SAME["result"][1], minutes=73 * 60)
    assert again.id != first.id
    assert again.parent_id is None


def test_a_title_of_thousands_of_characters_is_read_in_no_time() -> None:
    newsroom = Newsroom()
    long = "Hamilton wins the Italian Grand Prix at Monza " * 90
    assert newsroom.tell(long, long).id != newsroom.tell("Video", "", minutes=1).id


def test_a_ruling_that_takes_a_win_away_is_news_within_minutes_too() -> None:
    newsroom = Newsroom()
    won = newsroom.tell(
        "Buemi wins the 6 Hours of Imola for Toyota",
        "Sebastien Buemi won the FIA World Endurance Championship race at Imola with Toyota on Sunday.",
    )
    lost = newsroom.tell(
        "Buemi and Toyota lose Imola win after penalty in WEC",
        "Stewards gave Toyota driver Sebastien Buemi a penalty after the World Endurance Championship race at Imola.",
        minutes=1,
    )
    assert lost.id != won.id
    assert lost.parent_id == won.id
