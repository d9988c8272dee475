"""Fifty jobs at once, where one starts a second and ten run at a time."""

import pytest
from handler.world import World, properties


@pytest.mark.parametrize("seed", range(3))
def test_fifty_parallel_jobs_all_start_without_a_herd(seed):
    world = World(seed)
    world.latency = 0.2
    world.comprehend.per_second, world.comprehend.active = 1, 10
    events = [world.event("Create", properties(Timeout="3600"), f"r{n}", logical_id=f"Job{n}") for n in range(50)]
    for event in events:
        world.invoke(event)
    world.scheduler.run(world.now + 3600)
    assert {answer["Status"] for event in events for answer in world.answers[event["ResponseURL"]]} == {"SUCCESS"}
    assert len(world.comprehend.all) == 50
    refused = sum(not accepted for _, accepted in world.comprehend.starts)
    assert refused < 10 * 50
