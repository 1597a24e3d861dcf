"""A report as `GET /reports/{id}` gives it: the seed's facts, worded anew, with invented people and provider.

Each maker takes what matters and defaults every other key of its schema to what an untouched row holds.
"""

from typing import Any

Row = dict[str, Any]

SYSTEM = {
    "version": 1,
    "created_at": "2013-01-10T08:00:00Z",
    "updated_at": "2013-01-10T08:00:00Z",
}
RECORD = SYSTEM | {"provider_id": "pohja", "external_id": None}
DATED = {"date": None, "date_precision": None, "period_id": None, "date_note": None}
UNTIMED = RECORD | DATED | {"id": "x", "sub_project_id": "osahanke", "goal_ids": []}

AINO = {"name": "Aino Esimerkki", "job_title": "kehityspäällikkö"}
VAINO = {"name": "Väinö Mallikas", "job_title": "hankkeen yhteyshenkilö"}


def period(code: str) -> Row:
    return SYSTEM | {
        "id": code,
        "project_id": "hanke",
        "code": code,
        "first_day": f"{code[:4]}-01-01",
        "last_day": f"{code[:4]}-07-31",
        "due_on": None,
    }


def result(text: str | None, **given: Any) -> Row:
    defaults: Row = {
        "id": "x",
        "sub_project_id": "osahanke",
        "goal_id": "tavoite",
        "period_id": "2012-spring",
        "kind": "activity",
        "progress": "done",
        "position": 1,
        "text": text,
        "reason": None,
    }
    return RECORD | defaults | given


def participant(person: Row, **given: Any) -> Row:
    defaults: Row = {
        "contact_id": None,
        "attendance": "attended",
        "reason": None,
        "done_instead": None,
    }
    return defaults | person | given


def meeting(kind: str = "network_meeting", **given: Any) -> Row:
    defaults: Row = {
        "kind": kind,
        "title": None,
        "mode": None,
        "platform": None,
        "place": None,
        "host": None,
        "open_to_all": False,
        "status": "held",
        "start_time": None,
        "end_time": None,
        "project_meeting_id": None,
        "body": None,
        "field": None,
        "attendance": "attended",
        "reason": None,
        "done_instead": None,
        "notes": None,
        "participants": [],
    }
    return UNTIMED | defaults | _day(given)


def _day(given: Row) -> Row:
    """Where a date is given and nothing else, it is known to the day."""
    return ({"date_precision": "day"} if given.get("date") else {}) | given


def remote_meeting(day: str, **given: Any) -> Row:
    both = [participant(AINO), participant(VAINO)]
    return meeting(mode="remote", platform="iLinc", date=day, participants=both) | given


def survey(title: str, **given: Any) -> Row:
    defaults: Row = {
        "id": "x",
        "sub_project_id": "osahanke",
        "period_id": None,
        "title": title,
        "purpose": None,
        "progress": "done",
        "opens_on": None,
        "closes_on": None,
        "recurrence": None,
        "respondent_groups": [],
        "questions": [],
        "goal_ids": [],
    }
    return RECORD | defaults | given


def respondents(group: str, **given: Any) -> Row:
    return {"group": group, "label": None, "invited": None, "answered": None} | given


def dissemination(of: str, audience: str, **given: Any) -> Row:
    defaults: Row = {
        "survey_id": "kysely",
        "deliverable_id": None,
        "audience": audience,
        "by_whom": None,
        "channel": None,
        "progress": "done",
        "text": None,
        "of": of,
    }
    return UNTIMED | defaults | _day(given)


def feedback(point: str, source: str = "advisory_board", **given: Any) -> Row:
    defaults: Row = {
        "source": source,
        "source_name": None,
        "field": None,
        "meeting_id": None,
        "survey_id": None,
        "about": None,
        "about_survey_id": None,
        "about_deliverable_id": None,
        "position": 1,
        "point": point,
        "actions": [],
        "meeting": None,
        "about_title": None,
    }
    return UNTIMED | defaults | _day(given)


def action(text: str, state: str = "open", **given: Any) -> Row:
    return {"text": text, "state": state, "decided_on": None, "done_on": None} | given


def measurement(value: float, indicator: Row | None = None, **given: Any) -> Row:
    about = {
        "name": "Vastausprosentti",
        "unit": None,
        "baseline": None,
        "target": None,
        "direction": "increase",
    }
    defaults: Row = {
        "id": "x",
        "sub_project_id": "osahanke",
        "indicator_id": "mittari",
        "period_id": "2012-spring",
        "value": value,
        "measured_on": None,
        "note": None,
        "indicator": about | (indicator or {}),
    }
    return RECORD | defaults | given


def deliverable(kind: str, title: str, **given: Any) -> Row:
    defaults: Row = {
        "kind": kind,
        "title": title,
        "description": None,
        "progress": "done",
        "based_on_id": None,
        "stages": [],
        "deliveries": [],
        "based_on": None,
    }
    return UNTIMED | defaults | _day(given)


def stage(name: str, progress: str = "done", **given: Any) -> Row:
    return {"stage": name, "progress": progress, "body": None, "date": None, "note": None} | given


def delivery(channel: str, **given: Any) -> Row:
    defaults: Row = {
        "channel": channel,
        "recipient": None,
        "progress": "done",
        "date": None,
        "date_note": None,
        "meeting_id": None,
        "meeting": None,
    }
    return defaults | given


RECORDS = (
    "results",
    "meetings",
    "surveys",
    "disseminations",
    "feedback",
    "measurements",
    "deliverables",
)
UNPLACED = ("meetings", "surveys", "disseminations", "feedback", "deliverables")


def cell(code: str = "2012-spring", state: str | None = None, **records: list[Row]) -> Row:
    said = state or ("filled" if records else "missing")
    rows = {stem: records.get(stem, []) for stem in RECORDS}
    return {"period_id": code, "period_code": code, "state": said} | rows


def goal(text: str, *cells: Row, own: bool = False) -> Row:
    return {
        "id": "tavoite",
        "version": 1,
        "position": 1,
        "text": text,
        "project_goal_id": None if own else "hankkeen-tavoite",
        "cells": list(cells),
    }


def words(fi: str | None = None, sv: str | None = None, en: str | None = None) -> Row:
    return {"fi": fi, "sv": sv, "en": en}


def report(
    goals: list[Row],
    codes: tuple[str, ...] = ("2012-spring", "2012-autumn"),
    unplaced: Row | None = None,
    form: Row | None = None,
    **given: Any,
) -> Row:
    """A report of these goals; `form` and the keywords replace parts of the form and of the report's row."""
    row = {
        "id": "raportti",
        "sub_project_id": "osahanke",
        "kind": "final",
        "title": None,
        "language": "fi",
        "report_date": "2013-01-18",
        "contact_id": "aino",
        "period_ids": list(codes),
        "state": "submitted",
    }
    parts = {
        "programme": {
            "id": "ohjelma",
            "name": words(
                "Laatustrategian toimeenpanon tuki", "Stöd för genomförandet av kvalitetsstrategin"
            ),
        },
        "project": {
            "id": "hanke",
            "acronym": "LAMPPU",
            "name": words("Laatua ammatilliseen koulutukseen pohjoisessa"),
            "description": None,
        },
        "provider": {
            "id": "pohja",
            "name": "Pohjanrannan koulutuskuntayhtymä",
            "short_name": "Pohjaranta",
            "colleges": ["Ammattiopisto Pohjaranta"],
        },
        "sub_project": {"id": "osahanke", "version": 1, "name": None, "description": None},
        "contact": {
            "id": "vaino",
            "version": 1,
            "name": "Väinö Mallikas",
            "job_title": "hankkeen yhteyshenkilö",
            "email": "vaino.mallikas@pohjaranta.example",
            "phone": "050 000 0000",
            "postal_address": "Mallikatu 6\n95400 Esimerkkilä",
        },
        "periods": [period(code) for code in codes],
        "goals": goals,
        "unplaced": {stem: (unplaced or {}).get(stem, []) for stem in UNPLACED},
        "completeness": completeness(goals),
    }
    return RECORD | row | given | {"form": parts | (form or {})}


def completeness(goals: list[Row]) -> Row:
    states = [each["state"] for row in goals for each in row["cells"]]
    names = ("filled", "nothing_to_report", "not_applicable", "missing")
    return {"cells": len(states)} | {name: states.count(name) for name in names}


SURVEY = "Työelämäyhteistyön nykytila"
BOARD: Row = {
    "source_name": "Viestintäalan ammatillinen neuvottelukunta",
    "field": "viestintäala",
    "meeting": meeting("advisory_board", field="viestintäala", date="2012-12-13"),
    "about_title": SURVEY,
}
CLOSING_SEMINAR = meeting(
    "closing_seminar",
    date_note="hankkeen lopussa",
    open_to_all=True,
    attendance="excused",
    participants=[
        participant(
            person,
            attendance="excused",
            reason="Samaan aikaan oli toinen tilaisuus",
            done_instead="Osahankkeen aineisto toimitettiin etukäteen",
        )
        for person in (AINO, VAINO)
    ],
)


def seed_like() -> Row:
    """The seed's six goals in two periods."""
    return report([_network(), _indicators(), _cooperation(), _model(), _own_plan(), _seminar()])


def project(reports: list[Row]) -> Row:
    """A project's report as `GET /projects/{id}/report` gives it: each of another provider, and one without any."""
    form = report([])["form"]
    homes: list[Row] = [
        {
            "sub_project_id": f"osahanke {number}",
            "provider_id": f"pohja {number}",
            "provider_name": f"Pohjanranta {number}",
            "name": None,
            "state": "accepted",
            "reports": [
                {
                    "number": 2,
                    "submitted_at": "2013-01-18T10:15:42Z",
                    "accepted_at": "2013-02-01T08:00:00Z",
                    "sha256": "ab" * 32,
                    "report": one | {"state": "submitted"},  # as it was frozen
                }
            ],
        }
        for number, one in enumerate(reports, 1)
    ]
    late = {"provider_name": "Saaristo", "name": "Laatu", "state": "draft", "reports": []}
    return {
        **{name: form[name] for name in ("programme", "project")},
        "coordinator": {"name": "Tunturin koulutuskuntayhtymä"},
        "sub_projects": [*homes, {"sub_project_id": "x", "provider_id": "y", **late}],
    }


def _network() -> Row:
    both = [participant(AINO), participant(VAINO)]
    spring = [
        meeting("kick_off", place="Rovaniemi", date="2012-01-16", participants=both),
        remote_meeting("2012-02-01"),
        meeting(
            "benchmarking_visit",
            host="Kainuun ammattiopisto",
            date="2012-03-22",
            participants=both,
        ),
        remote_meeting("2012-05-02"),
    ]
    autumn = [remote_meeting(day) for day in ("2012-09-11", "2012-10-23", "2012-12-17")]
    return goal(
        "Pohjoisen Suomen ammatillisen koulutuksen järjestäjät aloittavat yhteisen laatuverkoston.\n"
        "Verkosto pitää yhteyttä myös muihin laatustrategian hankkeisiin.",
        cell("2012-spring", meetings=spring),
        cell("2012-autumn", meetings=autumn),
    )


def _indicators() -> Row:
    asked = survey(
        SURVEY,
        closes_on="2012-05-31",
        respondent_groups=[
            respondents("students", invited=1400, answered=588),
            respondents("teachers"),
            respondents("workplace_representatives"),
        ],
    )
    answered = measurement(
        42.5, {"unit": "%", "baseline": 30, "target": 50}, measured_on="2012-05-31"
    )
    return goal(
        "Kehitetään mittareita, joilla laatua ja tuloksellisuutta seurataan ja ohjataan.",
        cell("2012-spring", surveys=[asked], measurements=[answered]),
        cell("2012-autumn"),
    )


def _cooperation() -> Row:
    spread = dissemination(
        SURVEY,
        "työssäoppimispaikat",
        by_whom="työssäoppimisesta vastaavat opettajat",
        date_precision="period",
        period_id="2012-autumn",
    )
    nothing = result(
        None, kind="nothing_to_report", reason="Kyselyn tulokset valmistuvat vasta syksyllä."
    )
    return goal(
        "Kehitetään opiskelija-, työelämä- ja sidosryhmäyhteistyötä laatutyön tueksi.",
        cell("2012-spring", "nothing_to_report", results=[nothing]),
        cell("2012-autumn", disseminations=[spread]),
    )


def _model() -> Row:
    handled = result("Kyselyn tulokset käsiteltiin viestintäalan neuvottelukunnassa.")
    embedded = deliverable(
        "survey", SURVEY, stages=[stage("embedded", "planned", body="laatujärjestelmä")]
    )
    return goal(
        "Hanke kuvaa tai mallintaa laadunhallintajärjestelmän.",
        cell("2012-spring"),
        cell("2012-autumn", results=[handled], deliverables=[embedded]),
    )


def _own_plan() -> Row:
    points = [
        feedback(
            "Kyselyyn kaivattiin lisää sanallisia kommentteja, mieluiten joka kysymykseen.",
            actions=[action("Lisätään kommenttikenttä jokaiseen kysymykseen", "planned")],
            **BOARD,
        ),
        feedback(
            "Vakiintuneen laatukyselyn tahdiksi riittäisi kerran vuodessa.",
            actions=[
                action(
                    "Kysely tehdään vuosittain",
                    "done",
                    decided_on="2012-12-20",
                    done_on="2013-01-10",
                )
            ],
            **BOARD,
        ),
    ]
    model = deliverable(
        "model",
        "Työelämäyhteistyön laatumalli",
        date="2012-12-13",
        stages=[
            stage("considered", body="ammatillinen neuvottelukunta", date="2012-12-13"),
            stage("handed_over", "planned", body="Ammattiopisto Pohjarannan johtoryhmä"),
            stage("rolled_out", "planned"),
        ],
    )
    plan = deliverable(
        "plan",
        "Laadunhallintajärjestelmän kehittämissuunnitelma",
        progress="ongoing",
        based_on="Työelämäyhteistyön laatumalli",
    )
    return goal(
        "Pohjaranta suunnittelee oman laadunhallintansa kehittämisen hankkeen mallin pohjalta.",
        cell("2012-spring"),
        cell("2012-autumn", feedback=points, deliverables=[model, plan]),
        own=True,
    )


def _seminar() -> Row:
    material = deliverable(
        "material",
        "Osahankkeen aineisto",
        deliveries=[
            delivery("Optima", date_note="hyvissä ajoin ennen seminaaria", meeting=CLOSING_SEMINAR)
        ],
    )
    return goal(
        "Hankkeen lopuksi pidetään kaikille avoin seminaari, jossa kerrotaan laatutyön jatkosta.",
        cell(
            "2012-spring",
            "not_applicable",
            results=[result(None, kind="not_applicable", reason="Seminaari on vasta syksyllä.")],
        ),
        cell("2012-autumn", meetings=[CLOSING_SEMINAR], deliverables=[material]),
    )


# What a reader of `seed_like` comes upon, in this order.
READ = {
    "fi": [
        "Raportti",
        "18.1.2013",
        "Laatustrategian toimeenpanon tuki",
        "Hankkeen nimi",
        "Osahankkeen toteuttaja (koulutuksen järjestäjä)",
        "Osahankkeen yhteyshenkilö ja yhteystiedot",
        "Osahankkeen toiminta ja saavutetut tulokset",
        "Tavoite",
        "Kevään 2012 aikana saavutetut tulokset",
        "Syksyn 2012 aikana saavutetut tulokset",
        "Käynnistyskokous, Rovaniemi, 16.1.2012.",
        "Etäkokous (iLinc) 17.12.2012.",
        "Viimeinen vastauspäivä 31.5.2012.",
        "Ei vielä raportoitu",
        "Ei raportoitavaa: Kyselyn tulokset valmistuvat vasta syksyllä.",
        "Levitetty syksyn 2012 aikana",
        "kokous 13.12.2012.",
        "Suunniteltu: Lisätään kommenttikenttä jokaiseen kysymykseen",
        "Tehty 10.1.2013 (päätetty 20.12.2012): Kysely tehdään vuosittain",
        "Estynyt osallistumasta: Päätösseminaari",
        "Toimitus: Optima, hyvissä ajoin ennen seminaaria",
    ],
    "sv": [
        "Rapport",
        "18.1.2013",
        "Stöd för genomförandet av kvalitetsstrategin",
        "Projektets namn",
        "Delprojektets genomförare (utbildningsanordnare)",
        "Delprojektets kontaktperson och kontaktuppgifter",
        "Delprojektets verksamhet och uppnådda resultat",
        "Mål",
        "Resultat som uppnåtts under våren 2012",
        "Resultat som uppnåtts under hösten 2012",
        "Startmöte, Rovaniemi, 16.1.2012.",
        "Distansmöte (iLinc) 17.12.2012.",
        "Sista svarsdag 31.5.2012.",
        "Ännu inte rapporterat",
        "Inget att rapportera: Kyselyn tulokset valmistuvat vasta syksyllä.",
        "Spritt under hösten 2012",
        "möte 13.12.2012.",
        "Planerad: Lisätään kommenttikenttä jokaiseen kysymykseen",
        "Förhindrad att delta: Avslutningsseminarium",
    ],
    "en": [
        "Report",
        "18 January 2013",
        "Laatustrategian toimeenpanon tuki",
        "Name of the project",
        "Activities of the sub-project and results achieved",
        "Goal",
        "Results achieved during spring 2012",
        "Results achieved during autumn 2012",
        "Kick-off meeting, Rovaniemi, 16 January 2012.",
        "Last day to answer 31 May 2012.",
        "Not reported yet",
        "Disseminated during autumn 2012",
        "Excused from: Closing seminar",
    ],
}
