"""The catalogue says everything in every language, and dates and numbers in the reader's own form."""

import re
from enum import StrEnum
from string import Formatter

import pytest

from api.documents.texts import CATALOGUES, LANGUAGES, Phrase, Texts, phrase
from schemas import vocabulary

# The words of the vocabulary that a reader of the form can come upon, by the catalogue's group.
SHOWN = (
    vocabulary.ActionState,
    vocabulary.CellState,
    vocabulary.DeliverableKind,
    vocabulary.DeliverableStage,
    vocabulary.Direction,
    vocabulary.FeedbackSource,
    vocabulary.MeetingKind,
    vocabulary.MeetingMode,
    vocabulary.Progress,
    vocabulary.Recurrence,
    vocabulary.ReportKind,
    vocabulary.ReportState,
    vocabulary.RespondentGroup,
    vocabulary.ResultKind,
)
# Where a record says its progress in a sentence of its own.
TOLD = ("surveys", "disseminations", "deliverables")

in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def keys(language: str) -> dict[str, set[str]]:
    """Each `group.name` with the placeholders in its text."""
    return {
        f"{group}.{name}": {field for _, field, _, _ in Formatter().parse(text) if field}
        for group, texts in CATALOGUES[language].items()
        for name, text in texts.items()
    }


def test_every_language_of_the_contract_has_a_catalogue() -> None:
    assert [language.value for language in vocabulary.Language] == list(LANGUAGES)


@in_each_language
def test_each_language_has_every_key_with_the_same_placeholders(language: str) -> None:
    assert keys(language) == keys("fi")


@in_each_language
def test_no_text_is_empty(language: str) -> None:
    texts = Texts(language)
    empty = [
        key
        for key, fields in keys(language).items()
        if not texts(key, **dict.fromkeys(fields, "x"))
    ]
    assert empty == []


@in_each_language
@pytest.mark.parametrize("words", SHOWN)
def test_each_shown_word_of_the_vocabulary_has_a_label(language: str, words: type[StrEnum]) -> None:
    group = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words.__name__).lower()
    assert set(CATALOGUES[language][group]) == {word.value for word in words}


@in_each_language
@pytest.mark.parametrize("group", TOLD)
def test_each_progress_is_told_apart(language: str, group: str) -> None:
    told = {CATALOGUES[language][group][word.value] for word in vocabulary.Progress}
    assert len(told) == len(vocabulary.Progress)


@pytest.mark.parametrize(
    ("language", "day", "month", "clock", "number"),
    [
        ("fi", "18.1.2013", "tammikuussa 2013", "klo 9.00–12.30", "1\xa0400,5"),
        ("sv", "18.1.2013", "i januari 2013", "kl. 9.00–12.30", "1\xa0400,5"),
        ("en", "18 January 2013", "January 2013", "9:00–12:30", "1,400.5"),
    ],
)
def test_dates_times_and_numbers_take_the_readers_form(
    language: str, day: str, month: str, clock: str, number: str
) -> None:
    texts = Texts(language)
    assert texts.day("2013-01-18") == day
    assert texts.month("2013-01-18") == month
    assert texts.clock("09:00", "12:30") == clock
    assert texts.number(1400.5) == number


def test_a_number_keeps_the_four_decimals_that_the_contract_allows() -> None:
    assert Texts("fi").number(0.1234) == "0,1234"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fi", "Kevään 2012 aikana saavutetut tulokset"),
        ("sv", "Resultat som uppnåtts under våren 2012"),
        ("en", "Results achieved during spring 2012"),
    ],
)
def test_a_period_is_told_in_words(language: str, expected: str) -> None:
    assert Texts(language).period("period_results", "2012-spring") == expected


@in_each_language
@pytest.mark.parametrize("group", ["period", "period_during", "period_results"])
def test_each_part_of_a_year_that_a_code_may_name_has_words(language: str, group: str) -> None:
    parts = re.search(r"\((.+)\)", vocabulary.PERIOD_CODE)
    assert parts is not None
    for part in parts[1].split("|"):
        assert "2031" in Texts(language).period(group, f"2031-{part}")


def when(language: str = "fi", **given: str | None) -> str:
    nothing = {"date": None, "date_precision": None, "period_id": None, "date_note": None}
    return Texts(language, [{"id": "p", "code": "2012-autumn"}]).when(nothing | given)


def test_a_date_is_told_as_exactly_as_it_is_known() -> None:
    assert when(date="2012-02-01", date_precision="day") == "1.2.2012"
    assert when(date="2012-02-01", date_precision="month") == "helmikuussa 2012"
    assert when(date_precision="period", period_id="p") == "syksyn 2012 aikana"
    timed = when(date="2012-02-01", date_precision="minute", start_time="09:00")
    assert timed == "1.2.2012 klo 9.00"


def test_the_date_as_it_was_written_stands_beside_the_date_or_for_it() -> None:
    assert when(date="2012-02-01", date_precision="day", date_note="noin") == "1.2.2012 (noin)"
    assert when(date_note="hyvissä ajoin") == "hyvissä ajoin"


def test_an_unknown_date_or_a_period_outside_the_report_is_not_told() -> None:
    assert when() == ""
    assert when(date_precision="period", period_id="another") == ""


def test_a_name_falls_back_from_the_language_asked_to_fi_sv_en() -> None:
    assert phrase({"fi": "yksi", "sv": "ett", "en": None}, "sv") == Phrase("ett", "sv")
    assert phrase({"fi": "yksi", "sv": "ett", "en": None}, "en") == Phrase("yksi", "fi")
    assert phrase({"fi": None, "sv": "ett", "en": "one"}, "fi") == Phrase("ett", "sv")
    assert phrase({"fi": None, "sv": None, "en": "one"}, "sv") == Phrase("one", "en")
    assert phrase({"fi": None, "sv": None, "en": None}, "sv") == Phrase("", "sv")


def test_a_moment_is_told_by_the_clocks_of_finland() -> None:
    """An hour before midnight in UTC the next day has begun there."""
    told = {language: Texts(language).moment("2013-01-17T22:05:00Z") for language in LANGUAGES}
    assert told == {
        "fi": "18.1.2013 klo 0.05",
        "sv": "18.1.2013 kl. 0.05",
        "en": "18 January 2013 at 0:05",
    }
    assert Texts("fi").day_of("2012-06-30T21:30:00+00:00") == "1.7.2012"
