"""Whatever an outlet sends, reading it raises nothing and keeps its promises."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Article, Importance
from bot.reading.phrases import Words
from bot.reading.read import read
from bot.reading.sentences import sentences
from bot.reading.summary import LONGEST, summarise
from bot.series.catalog import load_catalog

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LANGUAGES = st.sampled_from(["en", "de", "fr", "es", "it", "pt", "nl", "xx"])
# Racing words among noise, so that every branch is reached; "\x85" and "\u2028" end lines, too.
PIECES = st.sampled_from(
    ["Verstappen", "gewinnt", "wins", "pole", "Monza", "Grand Prix", "1994", "P3", "3rd", "„", "“", '"', "«", "…", ".", ". ", "\n\n",
     "\x85", "\u2028", "\u0301", "ß", "İ", "١", "²", "\u200b", "Nr.", "P. Fillon", "1:23.456", "he", "I", "Read also: ", "🏁", "\ud800"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map(" ".join))


@given(title=TEXTS, standfirst=TEXTS, text=TEXTS, language=LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_reading_never_raises_and_the_summary_fits(
    title: str, standfirst: str, text: str, language: str
) -> None:
    article = Article(
        guid="1",
        url="https://outlet.example/1",
        title=title,
        standfirst=standfirst,
        text=text,
        language=language,
    )
    reading = read(article, load_catalog(), now=NOW)
    assert len(reading.summary) <= LONGEST
    assert Importance.MINOR <= reading.importance <= Importance.BREAKING
    assert read(article, load_catalog(), now=NOW) == reading


@given(text=TEXTS, language=LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_splitting_into_sentences_loses_no_character_that_is_seen(text: str, language: str) -> None:
    assert "".join("".join(sentences(text, language)).split()) == "".join(text.split())


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_words_know_where_they_stand(text: str) -> None:
    words = Words(text)
    seen = [at for at, key in enumerate(words.written) if key]
    assert all(words.quote(at, at) for at in seen)
    assert not seen or words.quote(seen[0], seen[-1]) in text


@given(title=TEXTS, text=TEXTS, language=LANGUAGES)
@settings(max_examples=150, deadline=None)
def test_figures_of_a_summary_stand_in_the_article(title: str, text: str, language: str) -> None:
    told = summarise(title, "", text, language)
    assert {c for c in told if c.isdigit()} <= {c for c in text if c.isdigit()}
