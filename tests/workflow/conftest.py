"""Stacks and values that the tests of workflows share."""

import aws_cdk as cdk
import pytest
from support import CLASSIFIER_ARN, new_app

from constructs_lib import ClassificationModel


@pytest.fixture
def stack():
    return cdk.Stack(new_app(), "Stack")


@pytest.fixture
def model():
    return ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
