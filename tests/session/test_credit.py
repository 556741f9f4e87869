"""What looking at values may take is a share of the user's time, in the long run as well."""

from __future__ import annotations

from time import perf_counter

from jupyter_prodkit.session.credit import Credit


def wait(seconds):
    started = perf_counter()
    while perf_counter() - started < seconds:
        pass


def test_what_a_look_took_too_much_later_looks_do_without():
    credit = Credit(unlimited=False)
    least = Credit(unlimited=False)
    with least.spending():
        wait(1.0)  # more than is ever owed
    with credit.spending():
        wait(0.012)  # two thousandths were there at the start

    credit.earn(0.5)  # brings 7.5 thousandths

    assert credit.for_cell().seconds == least.for_cell().seconds
    credit.earn(1.0)
    assert credit.for_cell().seconds > least.for_cell().seconds


def test_one_look_that_took_long_does_not_blind_the_check_for_good():
    credit = Credit(unlimited=False)
    with credit.spending():
        wait(0.3)
    owing = credit.for_cell().seconds

    credit.earn(5.0)

    assert credit.for_cell().seconds > owing


def test_where_nobody_waits_looking_takes_whatever_it_takes():
    credit = Credit(unlimited=True)

    assert credit.for_cell() is None
    assert credit.between_cells() is None
