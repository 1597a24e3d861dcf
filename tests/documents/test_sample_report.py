"""The sample keeps to the contract: each row has its schema's keys, and the joined ones beside them."""

import marshmallow as ma
import pytest

from schemas.deliverables import Deliverable, Delivery, Stage
from schemas.disseminations import Dissemination
from schemas.feedback import Action, Feedback
from schemas.measurements import Measurement
from schemas.meetings import Meeting, Participant
from schemas.periods import Period
from schemas.reports import Report
from schemas.results import Result
from schemas.surveys import Respondents, Survey
from tests.documents import sample_report as sample


@pytest.mark.parametrize(
    ("row", "schema", "joined"),
    [
        (sample.report([]), Report, {"form"}),
        (sample.period("2012-spring"), Period, set()),
        (sample.result("x"), Result, set()),
        (sample.meeting(), Meeting, set()),
        (sample.participant(sample.AINO), Participant, set()),
        (sample.survey("x"), Survey, set()),
        (sample.respondents("students"), Respondents, set()),
        (sample.dissemination("x", "y"), Dissemination, {"of"}),
        (sample.feedback("x"), Feedback, {"meeting", "about_title"}),
        (sample.action("x"), Action, set()),
        (sample.measurement(1), Measurement, {"indicator"}),
        (sample.deliverable("model", "x"), Deliverable, {"based_on"}),
        (sample.stage("considered"), Stage, set()),
        (sample.delivery("x"), Delivery, {"meeting"}),
    ],
)
def test_a_row_of_the_sample_has_the_keys_of_its_schema(
    row: sample.Row, schema: type[ma.Schema], joined: set[str]
) -> None:
    assert set(row) == set(schema().fields) | joined
