"""Feedback (palaute) in words: who gave it and where, then each point and what became of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.documents.passages import Passage, bracketed, field_name, joined, labelled, unless_said
from api.documents.passages.meetings import meeting_reference
from api.documents.texts import Texts

Row = Mapping[str, Any]


def feedback(rows: Iterable[Row], texts: Texts) -> Iterator[Passage]:
    """The points that one body gave on one occasion about one thing stand under one lead."""
    occasions: dict[str, list[Passage]] = {}
    for row in rows:
        occasions.setdefault(_lead(row, texts), []).append(_point(row, texts))
    for lead, points in occasions.items():
        yield Passage(lead, items=tuple(points))


def _lead(row: Row, texts: Texts) -> str:
    source = joined([_source(row, texts), _occasion(row, texts)])
    about = joined([row["about_title"], row["about"]])
    return " ".join(
        [
            labelled(texts("feedback.lead"), source),
            *([labelled(texts("label.about"), about)] if about else []),
        ]
    )


def _source(row: Row, texts: Texts) -> str:
    word = texts.word("feedback_source", row["source"])
    name = row["source_name"] or word
    said_source = None if row["source"] == "other" else unless_said(word, name)
    return bracketed(name, said_source, row["field"] and unless_said(row["field"], name))


def _occasion(row: Row, texts: Texts) -> str:
    """At which meeting or survey, or at least when. A body's own meeting is told by its day alone."""
    meeting = row["meeting"]
    own = texts.when(row)
    if meeting is None:
        return joined([own, texts("feedback.in_survey") if row["survey_id"] else None])
    when = texts.when(meeting) or own
    if meeting["kind"] == row["source"] and not meeting["title"] and when:
        return texts("feedback.at_meeting", when=when)
    return meeting_reference(meeting, texts)


def _point(row: Row, texts: Texts) -> Passage:
    actions = tuple(
        _action(action, field_name("feedback", row, "actions", number, "text"), texts)
        for number, action in enumerate(row["actions"])
    )
    nothing = Passage(texts("feedback.no_actions"), quiet=True)
    field = field_name("feedback", row, "point")
    return Passage(row["point"], authored=True, items=actions or (nothing,), field=field)


def _action(action: Row, field: str, texts: Texts) -> Passage:
    state = texts.word("action_state", action["state"])
    done = action["done_on"] and texts.day(action["done_on"])
    decided = action["decided_on"] and texts(
        "feedback.decided", day=texts.day(action["decided_on"])
    )
    label = bracketed(joined([state, done], " "), decided)
    return Passage(action["text"], label=label, authored=True, field=field)
