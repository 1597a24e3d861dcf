from tests.examples import Bench, places


def test_a_survey_closes_no_earlier_than_it_opens(bench: Bench) -> None:
    wrong = bench.create("surveys", opens_on="2012-06-01", closes_on="2012-05-31")
    assert places(wrong) == [("/closes_on", "before_start")]
    assert bench.create("surveys", opens_on="2012-05-31").status_code == 201
    assert bench.create("surveys", opens_on=None).status_code == 201


def test_no_more_answer_than_were_invited(bench: Bench) -> None:
    groups = [{"group": "staff"}, {"group": "students", "invited": 10, "answered": 11}]
    wrong = bench.create("surveys", respondent_groups=groups)
    assert places(wrong) == [("/respondent_groups/1/answered", "more_than_invited")]


def test_numbers_of_a_group_may_be_unknown_which_is_not_none(bench: Bench) -> None:
    groups = [
        {"group": "students", "label": None, "invited": None, "answered": 5},
        {"group": "teachers", "label": "opettajat", "invited": 0, "answered": 0},
    ]
    made = bench.create("surveys", respondent_groups=groups).get_json()
    assert made["respondent_groups"] == groups


def test_each_question_says_whether_free_words_are_allowed(bench: Bench) -> None:
    questions = [{"text": "Miten?", "free_comment": True}, {"text": "Milloin?"}]
    made = bench.create("surveys", questions=questions).get_json()
    read = bench.open("surveys", made["id"]).get_json()
    assert [question["free_comment"] for question in read["questions"]] == [True, False]
