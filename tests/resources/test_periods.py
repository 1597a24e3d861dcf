from tests.examples import Bench, places


def test_a_period_does_not_end_before_it_begins(bench: Bench) -> None:
    wrong = bench.create("periods", first_day="2012-08-01", last_day="2012-07-31")
    assert places(wrong) == [("/last_day", "before_start")]
    one_day = bench.create("periods", first_day="2012-08-01", last_day="2012-08-01")
    assert one_day.status_code == 201


def test_a_periods_code_says_year_and_part(bench: Bench) -> None:
    for code in ("2012-kevät", "2012spring", "12-spring", "2012-Spring", "2012-spring\n"):
        assert places(bench.create("periods", code=code)) == [("/code", "wrong_format")], code
    for code in ("2012-autumn", "2012-year"):
        assert bench.create("periods", code=code).status_code == 201


def test_each_project_has_periods_of_its_own(bench: Bench) -> None:
    other = str(bench.world.other_plan["projects"])
    bench.created("periods", code="2013-spring")
    bench.created("periods", code="2013-spring", project_id=other)
