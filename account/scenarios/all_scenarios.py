"""The scenarios: what each proves, makes and can cost."""

from __future__ import annotations

from account.prices import Spend
from account.scenarios import going, job_scenarios, permission_scenario, run_scenarios
from account.step import Scenario

_STACK = "a stack with one job"
_WORKFLOW = "a stack with a workflow, two keys and three buckets, shared by the steps of workflows"
# Long enough on the local AWS to be running still when the next deployment begins.
_RUNNING = {"job_seconds": 4.0}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        id="walk",
        assumption="The README's walk ends with predictions: deploy, upload, deploy with a run id, read.",
        look=job_scenarios.walk,
        most=Spend(jobs=1, documents=2 * job_scenarios.MAILS, keys=2),  # some mails are longer than 300 characters
        minutes=18,
        makes="the whole pipeline of app.py: buckets, two keys, a VPC",
    ),
    Scenario(
        id="parameters",
        assumption="Every parameter of the request arrives at the service and works.",
        look=job_scenarios.parameters,
        most=Spend(jobs=3, documents=3, keys=2),
        minutes=25,
        makes="a stack with three jobs, two keys and a VPC, and a flywheel",
    ),
    Scenario(
        id="update-while-running",
        assumption="An update while a job runs costs neither the old nor the new job its results.",
        look=job_scenarios.update_while_running,
        most=Spend(jobs=2, documents=2),
        minutes=20,
        makes=_STACK,
        settings=_RUNNING,
    ),
    Scenario(
        id="rollback",
        assumption="A rollback starts no job, and the stack names the job of the last good configuration.",
        look=job_scenarios.rollback,
        most=Spend(jobs=2, documents=2),
        minutes=15,
        makes=_STACK,
        settings={"job_seconds": 1.0},
    ),
    Scenario(
        id="destroy",
        assumption="A stack that is destroyed while its job runs goes, and the job completes.",
        look=going.without_network,
        most=Spend(jobs=1, documents=1),
        minutes=12,
        makes=_STACK,
        settings=_RUNNING,
    ),
    Scenario(
        id="destroy-network",
        assumption="The same in a network of the stack's own, although the service leaves an interface in it.",
        look=going.with_network,
        most=Spend(jobs=1, documents=1),
        minutes=20,
        makes="a stack with one job and a VPC",
        settings={"job_seconds": 4.0, "keep_network_interfaces": True},
    ),
    Scenario(
        id="quota",
        assumption="Of one job more than may be active the last waits, and all complete.",
        look=job_scenarios.at_the_quota,
        most=Spend(jobs=11, documents=11),
        minutes=20,
        makes="a stack with eleven jobs",
        alone=True,
        settings={"job_seconds": 8.0},
    ),
    Scenario(
        id="workflow-inbox",
        assumption="What waits in an inbox becomes one job, and its predictions are the same by reader and Athena.",
        look=run_scenarios.inbox,
        most=Spend(jobs=1, documents=run_scenarios.MAILS, keys=2, queries=1),
        minutes=20,
        makes=_WORKFLOW,
    ),
    Scenario(
        id="workflow-prefix",
        assumption="A run of a prefix leaves its documents; one that adopts its job starts none and adds no rows.",
        look=run_scenarios.prefix_and_adoption,
        most=Spend(jobs=1, documents=1, queries=1),
        minutes=20,
        makes=_WORKFLOW,
    ),
    Scenario(
        id="workflow-failure",
        assumption="A run that fails says why: a prefix that is not the workflow's, or the service's message.",
        look=run_scenarios.failure,
        most=Spend(jobs=1, documents=1),
        minutes=15,
        makes=_WORKFLOW,
    ),
    Scenario(
        id="permissions",
        assumption="The data access role needs every permission that it has, taken away one at a time.",
        look=permission_scenario.of_the_data_access_role,
        most=Spend(jobs=40, documents=40, keys=3),
        minutes=60,
        makes="a stack with one job, three keys and a VPC",
        alone=True,
        on_demand=True,
    ),
)
