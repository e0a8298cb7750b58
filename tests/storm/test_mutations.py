"""The storm is itself proved: it sees each bug that is planted, by what no longer holds, and nothing without one."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.storm.mutations import MOST, MUTATIONS, VISITS, caught
from tests.storm.storms import Result, Storm, blow, quiet

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def found() -> dict[str, Result]:
    """For each bug the storm that saw it, and under "" those same storms without any."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.storm.mutations"])
    with ProcessPoolExecutor(2, context, quiet) as pool:
        results = dict(zip(MUTATIONS, pool.map(caught, MUTATIONS), strict=True))
        seeds = sorted({result.storm.seed for result in results.values()})
        clean = {str(result.storm.seed): result for result in pool.map(blow, [Storm(seed, VISITS) for seed in seeds])}
    return results | clean


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_bug_is_seen_and_the_same_storm_without_it_is_clean(found: dict[str, Result], name: str) -> None:
    seen = found[name]
    assert seen.invariant in MUTATIONS[name].seen, f"after {MOST} storms of {VISITS} visits: {seen.broken[-2000:]}"
    clean = found[str(seen.storm.seed)]
    assert not clean.broken, f"{clean.broken}\nrepeat it: {clean.storm.command}"
