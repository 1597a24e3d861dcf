"""What the form says about each record, in words."""

from collections.abc import Iterable

import pytest

from api.documents.passages import Passage
from api.documents.passages.deliverables import deliverables
from api.documents.passages.disseminations import disseminations
from api.documents.passages.feedback import feedback
from api.documents.passages.measurements import measurements
from api.documents.passages.meetings import meetings
from api.documents.passages.results import results
from api.documents.passages.surveys import surveys
from api.documents.texts import Texts
from tests.documents import sample_report as sample
from tests.documents.sample_report import AINO, VAINO, participant

FI, SV, EN = (Texts(language, [sample.period("2012-autumn")]) for language in ("fi", "sv", "en"))


def plain(passages: Iterable[Passage], depth: int = 0) -> str:
    """One line a passage, two spaces in for each list it stands in."""
    lines = []
    for passage in passages:
        said = f"[{passage.label}] {passage.text}" if passage.label else passage.text
        lines.append("  " * depth + said.rstrip())
        lines += [plain(passage.items, depth + 1)] if passage.items else []
    return "\n".join(lines)


def lines(*expected: str) -> str:
    return "\n".join(expected)


def test_people_are_named_with_their_titles_once_above_the_meetings_they_attended() -> None:
    rows = [sample.remote_meeting("2012-02-01"), sample.remote_meeting("2012-05-02")]
    assert plain(meetings(rows, FI)) == lines(
        "Osallistuttu kokouksiin "
        "(kehityspäällikkö Aino Esimerkki ja hankkeen yhteyshenkilö Väinö Mallikas):",
        "  Etäkokous (iLinc) 1.2.2012.",
        "  Etäkokous (iLinc) 2.5.2012.",
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            SV,
            [
                "Deltagit i möte (kehityspäällikkö Aino Esimerkki):",
                "  Distansmöte (iLinc) 1.2.2012.",
            ],
        ),
        (
            EN,
            [
                "Meeting attended by Aino Esimerkki (kehityspäällikkö):",
                "  Remote meeting (iLinc) 1 February 2012.",
            ],
        ),
    ],
)
def test_a_meeting_is_told_in_swedish_and_english(texts: Texts, expected: list[str]) -> None:
    row = sample.remote_meeting("2012-02-01", participants=[participant(AINO)])
    assert plain(meetings([row], texts)) == lines(*expected)


def test_meetings_stand_apart_by_who_attended_and_a_title_is_not_repeated() -> None:
    rows = [
        sample.remote_meeting("2012-02-01"),
        sample.remote_meeting("2012-05-02", participants=[participant(AINO)]),
        sample.meeting("kick_off", place="Rovaniemi", date="2012-01-16"),
    ]
    assert plain(meetings(rows, FI)) == lines(
        "Osallistuttu kokoukseen "
        "(kehityspäällikkö Aino Esimerkki ja hankkeen yhteyshenkilö Väinö Mallikas):",
        "  Etäkokous (iLinc) 1.2.2012.",
        "Osallistuttu kokoukseen (Aino Esimerkki):",
        "  Etäkokous (iLinc) 2.5.2012.",
        "Osallistuttu kokoukseen:",
        "  Käynnistyskokous, Rovaniemi, 16.1.2012.",
    )


def test_a_persons_attendance_tells_the_providers_where_that_is_not_given() -> None:
    one = [participant({"name": "Aino Esimerkki"}, job_title=None)]
    row = sample.meeting(date="2012-02-01", attendance=None, participants=one)
    assert "Osallistuttu kokoukseen (Aino Esimerkki):" in plain(meetings([row], FI))
    gone = [one[0] | {"attendance": "excused"}]
    row = sample.meeting(date="2012-02-01", attendance=None, participants=gone)
    assert "Estynyt osallistumasta:" in plain(meetings([row], FI))


def test_who_was_excused_is_told_with_the_reason_and_what_was_done_instead() -> None:
    assert plain(meetings([sample.CLOSING_SEMINAR], FI)) == lines(
        "Estynyt osallistumasta:",
        "  Päätösseminaari, kaikille avoin, hankkeen lopussa.",
        "    Poissa: kehityspäällikkö Aino Esimerkki ja hankkeen yhteyshenkilö Väinö Mallikas. "
        "Syy: Samaan aikaan oli toinen tilaisuus. "
        "Sen sijaan: Osahankkeen aineisto toimitettiin etukäteen.",
    )


def test_the_meetings_own_reason_stands_in_for_that_of_a_person_or_of_nobody() -> None:
    person = participant(AINO, attendance="excused", done_instead="Aineisto lähetettiin.")
    excused = {"date": "2012-02-01", "attendance": "excused", "reason": "Sairaus"}
    own = sample.meeting(participants=[person], **excused)
    nobody = sample.meeting(**excused)
    silent = sample.meeting(date="2012-02-01", attendance="excused")
    assert plain(meetings([own, nobody, silent], FI)) == lines(
        "Estynyt osallistumasta:",
        "  Verkostokokous 1.2.2012.",
        "    Poissa: kehityspäällikkö Aino Esimerkki. Syy: Sairaus. Sen sijaan: Aineisto lähetettiin.",
        "  Verkostokokous 1.2.2012.",
        "    Syy: Sairaus.",
        "  Verkostokokous 1.2.2012.",
    )


def test_one_who_was_excused_from_a_meeting_that_another_attended_is_told_beneath_it() -> None:
    mixed = [participant(AINO), participant(VAINO, attendance="excused", reason="Loma")]
    row = sample.meeting(date="2012-02-01", participants=mixed, notes="Sovittiin\njatkosta.")
    assert plain(meetings([row], FI)) == lines(
        "Osallistuttu kokoukseen (kehityspäällikkö Aino Esimerkki):",
        "  Verkostokokous 1.2.2012.",
        "    Poissa: hankkeen yhteyshenkilö Väinö Mallikas. Syy: Loma.",
        "    Sovittiin\njatkosta.",
    )


def test_meetings_to_come_cancelled_and_without_a_record_of_attendance_stand_apart() -> None:
    rows = [
        sample.meeting(status="cancelled", date="2012-02-01"),
        sample.meeting(
            status="planned",
            date="2012-02-02",
            attendance="expected",
            participants=[participant(AINO, attendance="expected")],
        ),
        sample.meeting(attendance=None, date="2012-02-03"),
    ]
    assert plain(meetings(rows, FI)) == lines(
        "Osallistumista ei ole kirjattu:",
        "  Verkostokokous 3.2.2012.",
        "Tulossa:",
        "  Verkostokokous 2.2.2012.",
        "    Osallistumassa: kehityspäällikkö Aino Esimerkki.",
        "Peruttu:",
        "  Verkostokokous 1.2.2012.",
    )


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("Benchmarking, järjestäjä Kainuun ammattiopisto, 22.3.2012.", {
            "kind": "benchmarking_visit", "host": "Kainuun ammattiopisto", "date": "2012-03-22",
        }),
        ("Käynnistyskokous, Rovaniemi, 16.1.2012.", {
            "kind": "kick_off", "mode": "on_site", "place": "Rovaniemi", "date": "2012-01-16",
        }),
        ("Verkostokokous (lähikokous) 1.2.2012.", {"mode": "on_site", "date": "2012-02-01"}),
        ("Johtoryhmä (Rehtorit, etänä, Teams).", {
            "kind": "management_team", "title": "Johtoryhmä", "body": "Rehtorit",
            "mode": "remote", "platform": "Teams",
        }),
        ("Laatupäivä (Verkostokokous, lähi- ja etäosallistuminen).", {
            "title": "Laatupäivä", "mode": "hybrid",
        }),
        ("Laatupäivä.", {"kind": "other", "title": "Laatupäivä"}),
        ("Viestintäalan ammatillinen neuvottelukunta 13.12.2012 klo 9.00.", {
            "kind": "advisory_board", "body": "Viestintäalan ammatillinen neuvottelukunta",
            "field": "viestintäala", "date": "2012-12-13", "date_precision": "minute",
            "start_time": "09:00",
        }),
        ("Ammatillinen neuvottelukunta (viestintäala).", {
            "kind": "advisory_board", "field": "viestintäala",
        }),
    ],
)  # fmt: skip
def test_a_meeting_says_what_where_and_when_and_nothing_twice(
    expected: str, given: dict[str, str]
) -> None:
    assert plain(meetings([sample.meeting(**given)], FI)).endswith(f"  {expected}")


def test_a_survey_tells_its_groups_its_last_day_and_how_often_it_is_held() -> None:
    row = sample.survey(
        "Työelämäkysely",
        closes_on="2012-05-31",
        recurrence="yearly",
        purpose="Kartoittaa nykytila",
        respondent_groups=[
            sample.respondents("students", invited=1400, answered=588),
            sample.respondents("teachers", invited=20),
            sample.respondents("other", label="alumnit", answered=0),
            sample.respondents("workplace_representatives"),
        ],
    )
    assert plain(surveys([row], FI)) == lines(
        "Toteutettu kysely: Työelämäkysely. "
        "Vastaajat: opiskelijat (kutsuttu 1\xa0400, vastannut 588), opettajat (kutsuttu 20), "
        "alumnit (vastannut 0) ja työssäoppimispaikkojen edustajat. "
        "Viimeinen vastauspäivä 31.5.2012. Toistetaan vuosittain.",
        "  Kartoittaa nykytila",
    )


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("Vastausaika 2.5.2012–31.5.2012, viimeinen päivä mukaan lukien.", {
            "opens_on": "2012-05-02", "closes_on": "2012-05-31",
        }),
        ("Vastausaika alkaa 2.5.2012.", {"opens_on": "2012-05-02"}),
        ("Kysymyksiä 2, jokaiseen voi lisätä sanallisen kommentin.", {
            "questions": [{"text": "Miten?", "free_comment": True}] * 2,
        }),
        ("Kysymyksiä 2, sanallisen kommentin voi lisätä 1 kysymykseen.", {
            "questions": [{"text": "?", "free_comment": True}, {"text": "?", "free_comment": False}],
        }),
        ("Kysymyksiä 1.", {"questions": [{"text": "Miten?", "free_comment": False}]}),
    ],
)  # fmt: skip
def test_a_survey_tells_its_time_and_how_many_questions_take_free_words(
    expected: str, given: dict[str, str]
) -> None:
    assert plain(surveys([sample.survey("K", **given)], FI)) == f"Toteutettu kysely: K. {expected}"


def test_a_planned_and_an_ongoing_survey_do_not_read_as_carried_out() -> None:
    rows = [sample.survey("A", progress="planned"), sample.survey("B", progress="ongoing")]
    assert plain(surveys(rows, FI)) == lines("Suunniteltu kysely: A.", "Käynnissä oleva kysely: B.")


def test_a_dissemination_tells_of_what_when_to_whom_and_by_whom() -> None:
    row = sample.dissemination(
        "Työelämäkysely",
        "työssäoppimispaikat",
        by_whom="työssäoppimisen opettajat",
        channel="käynnit",
        date_precision="period",
        period_id="2012-autumn",
        text="Tuloksista keskusteltiin.",
    )
    assert plain(disseminations([row], FI)) == lines(
        "Levitetty syksyn 2012 aikana: Työelämäkysely. Kohderyhmä: työssäoppimispaikat. "
        "Levittäjä: työssäoppimisen opettajat. Kanava: käynnit.",
        "  Tuloksista keskusteltiin.",
    )


def test_a_dissemination_of_something_without_a_known_title_still_tells_the_rest() -> None:
    row = sample.dissemination("", "opettajat", progress="planned") | {"of": None}
    assert plain(disseminations([row], FI)) == "Suunniteltu levitettäväksi. Kohderyhmä: opettajat."


def test_feedback_points_of_one_occasion_stand_under_one_lead_each_with_what_became_of_it() -> None:
    rows = [
        sample.feedback(
            "Lisää sanallisia kommentteja!",
            actions=[sample.action("Lisätään kenttä", "planned", decided_on="2012-12-20")],
            **sample.BOARD,
        ),
        sample.feedback(
            "Kerran vuodessa riittää.",
            actions=[
                sample.action("Tahti päätettiin", "done", done_on="2013-01-10"),
                sample.action("Lisäkysely", "declined"),
                sample.action("Tiedotetaan"),
            ],
            **sample.BOARD,
        ),
        sample.feedback("Hyvä näin.", "students", date="2012-05-01"),
    ]
    assert plain(feedback(rows, FI)) == lines(
        "Palaute: Viestintäalan ammatillinen neuvottelukunta, kokous 13.12.2012. "
        "Aihe: Työelämäyhteistyön nykytila.",
        "  Lisää sanallisia kommentteja!",
        "    [Suunniteltu (päätetty 20.12.2012)] Lisätään kenttä",
        "  Kerran vuodessa riittää.",
        "    [Tehty 10.1.2013] Tahti päätettiin",
        "    [Ei toteuteta] Lisäkysely",
        "    [Avoinna] Tiedotetaan",
        "Palaute: opiskelijat, 1.5.2012.",
        "  Hyvä näin.",
        "    Toimenpiteitä ei ole kirjattu.",
    )


@pytest.mark.parametrize(
    ("expected", "source", "given"),
    [
        ("opiskelijat, kyselyn kautta", "students", {"survey_id": "kysely"}),
        ("Rehtorit (johtoryhmä, media)", "management_team", {
            "source_name": "Rehtorit", "field": "media",
        }),
        ("Perheet", "other", {"source_name": "Perheet"}),
        ("johtoryhmä, Päätösseminaari hankkeen lopussa", "management_team", {
            "meeting": sample.CLOSING_SEMINAR,
        }),
        ("johtoryhmä, kokous 1.2.2012", "management_team", {
            "meeting": sample.meeting("management_team"), "date": "2012-02-01",
        }),
        ("johtoryhmä, Johtoryhmä", "management_team", {
            "meeting": sample.meeting("management_team"),
        }),
    ],
)  # fmt: skip
def test_feedback_tells_who_gave_it_and_on_which_occasion(
    expected: str, source: str, given: sample.Row
) -> None:
    told = plain(feedback([sample.feedback("Piste.", source, **given)], FI))
    assert told.splitlines()[0] == f"Palaute: {expected}."


def test_a_measurement_stands_beside_its_baseline_target_and_direction() -> None:
    rows = [
        sample.measurement(
            42.5,
            {"unit": "%", "baseline": 30, "target": 50},
            measured_on="2012-05-31",
            note="Ennakkotieto",
        ),
        sample.measurement(3, {"name": "Keskeyttäneitä", "direction": "decrease"}),
    ]
    assert plain(measurements(rows, FI)) == lines(
        "Mittarit:",
        "  Vastausprosentti: 42,5\xa0% "
        "(lähtötaso 30\xa0%, tavoite 50\xa0%, pitäisi kasvaa, mitattu 31.5.2012).",
        "    Ennakkotieto",
        "  Keskeyttäneitä: 3 (pitäisi pienentyä).",
    )


def test_what_is_done_with_a_deliverable_and_what_is_promised_stand_apart() -> None:
    row = sample.deliverable(
        "model",
        "Laatumalli",
        date="2012-12-13",
        based_on="Vanha malli",
        description="Kuvaa laatutyön.",
        stages=[
            sample.stage("handed_over", "planned", body="johtoryhmä"),
            sample.stage(
                "considered", body="neuvottelukunta", date="2012-12-13", note="Puollettu."
            ),
            sample.stage("rolled_out", "ongoing"),
        ],
        deliveries=[
            sample.delivery("Optima", recipient="verkosto", date="2012-12-01"),
            sample.delivery("sähköposti", progress="planned"),
        ],
    )
    assert plain(deliverables([row], FI)) == lines(
        "Malli: Laatumalli (valmis 13.12.2012). Pohjana: Vanha malli.",
        "  Kuvaa laatutyön.",
        "  [Tehty]",
        "    Käsittely: neuvottelukunta, 13.12.2012.",
        "      Puollettu.",
        "    Toimitus: Optima, saaja verkosto, 1.12.2012.",
        "  [Käynnissä]",
        "    Jalkautus.",
        "  [Suunniteltu]",
        "    Luovutus: johtoryhmä.",
        "    Toimitus: sähköposti.",
    )


def test_a_delivery_tells_the_event_it_came_before() -> None:
    event = sample.meeting("closing_seminar", date="2012-12-20")
    row = sample.deliverable(
        "material",
        "Aineisto",
        deliveries=[
            sample.delivery("Optima", date_note="hyvissä ajoin", meeting=event),
            sample.delivery("Optima", meeting=event),
        ],
    )
    assert plain(deliverables([row], FI)) == lines(
        "Aineisto: Aineisto (valmis).",
        "  [Tehty]",
        "    Toimitus: Optima, hyvissä ajoin (Päätösseminaari 20.12.2012).",
        "    Toimitus: Optima, ennen tilaisuutta Päätösseminaari 20.12.2012.",
    )


def test_an_outcome_a_promise_and_a_statement_are_told_from_an_activity_that_is_done() -> None:
    rows = [
        sample.result("Tehtiin."),
        sample.result("Saavutettiin.", kind="outcome"),
        sample.result("Aiotaan.", progress="planned"),
        sample.result("Tavoitellaan.", kind="outcome", progress="planned"),
        sample.result(None, kind="nothing_to_report", reason="Alkaa syksyllä."),
        sample.result(None, kind="not_applicable"),
    ]
    assert plain(results(rows, FI)) == lines(
        "Tehtiin.",
        "[Tulos] Saavutettiin.",
        "[Suunniteltu] Aiotaan.",
        "[Tulos, suunniteltu] Tavoitellaan.",
        "[Ei raportoitavaa] Alkaa syksyllä.",
        "[Ei koske osahanketta]",
    )
