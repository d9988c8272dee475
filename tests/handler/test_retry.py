"""The rules of retrying, as a table: which errors are tried again, when, and for how long."""

import pytest
from classification_job.retry import Rule, code, rule_for
from handler.world import error, timeout

NEVER = (0, 300, 3600, False)
PERMISSIONS = (3, 30, 300, False)
QUOTA = (2, 300, 3600, False)
OFTEN = (2, 15, 3600, False)
SERVICE = (1, 30, 3600, True)


@pytest.mark.parametrize(
    ("fault", "of_a_start", "of_another_call"),
    [
        (error("TooManyRequestsException", status=429), QUOTA, OFTEN),
        (error("ThrottlingException"), QUOTA, OFTEN),
        (error("Throttling"), QUOTA, OFTEN),
        (error("ResourceLimitExceededException"), QUOTA, OFTEN),
        (error("ResourceUnavailableException"), (15, 120, 3600, False), (15, 120, 3600, False)),
        (error("KmsKeyValidationException"), PERMISSIONS, PERMISSIONS),
        (error("AccessDeniedException"), PERMISSIONS, PERMISSIONS),
        (error("AccessDenied"), PERMISSIONS, PERMISSIONS),
        (error("UnauthorizedOperation"), PERMISSIONS, PERMISSIONS),
        (error("UnrecognizedClientException"), PERMISSIONS, PERMISSIONS),
        (error("InvalidRequestException", "The role cannot be assumed"), PERMISSIONS, PERMISSIONS),
        (error("InvalidRequestException", "bad format"), NEVER, NEVER),
        (error("ResourceInUseException", "The role cannot be assumed"), NEVER, NEVER),
        (error("ValidationException", "not authorized"), NEVER, NEVER),
        (error("ResourceNotFoundException"), NEVER, NEVER),
        (error("TooManyTagsException"), NEVER, NEVER),
        (error("InternalServerException", status=400), SERVICE, SERVICE),
        (error("ResourceInUseException", status=500), SERVICE, SERVICE),
        (error("Whatever", status=499), NEVER, NEVER),
        (timeout(), SERVICE, SERVICE),
        (ValueError("of the SDK"), NEVER, NEVER),
    ],
    ids=repr,
)
def test_an_error_has_one_rule_for_starts_and_one_for_other_calls(fault, of_a_start, of_another_call):
    for operation, expected in (("start_it", of_a_start), ("describe_it", of_another_call)):
        rule = rule_for(fault, operation)
        assert (rule.first, rule.longest, rule.within, rule.may_have_been_done) == expected


@pytest.mark.parametrize(
    ("tries", "chance", "seconds"),
    [(1, 0.5, 3), (1, 0, 1.5), (1, 1, 4.5), (2, 0.5, 12), (3, 0.5, 30), (99_999, 0.5, 30), (3, 1, 45)],
)
def test_waits_grow_fourfold_to_a_limit_and_are_spread_by_half(tries, chance, seconds):
    assert Rule(first=3, longest=30).wait(tries, chance) == seconds


def test_a_rule_without_a_first_wait_waits_for_nothing():
    assert Rule().wait(1, 0.5) == 0


@pytest.mark.parametrize("name", ["Throttling", "ThrottlingException"])
def test_a_code_is_the_same_with_and_without_the_word_behind_it(name):
    assert code(error(name)) == "Throttling"


def test_an_error_without_a_code_has_none():
    fault = error("X")
    fault.response.pop("Error")
    assert code(fault) == ""
