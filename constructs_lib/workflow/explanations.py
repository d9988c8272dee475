"""What to do about what ends a run.

The first entry counts whose words stand in the error's name or its text, in small letters. The words on access are
those of the custom resource's function; a test holds them together.
"""

from __future__ import annotations

ACCESS: dict[str, str] = {
    "no_read_access": (
        "Allow the data access role s3:ListBucket and s3:GetObject on the documents, and kms:Decrypt on their key."
    ),
    "no_write_access": (
        "Allow the data access role s3:PutObject on the results' prefix, and kms:GenerateDataKey on their key."
    ),
    "textract_access_denied": (
        "Allow the data access role textract:DetectDocumentText and textract:AnalyzeDocument, as DocumentReader does."
    ),
    "assume": (
        "Let comprehend.amazonaws.com assume the data access role for this account's document-classification-job/*."
    ),
    "kms": "Allow the data access role kms:CreateGrant on the volume key, which must be enabled and symmetric.",
    "access denied": "Allow the data access role what the message names.",
    "accessdenied": "Allow the data access role what the message names.",
    "not authorized": "Allow the data access role what the message names.",
}
"""Words of a message that rights explain, and what to do. A role that is seconds old causes the same."""

_QUOTAS = "The account's quotas are used by others: one job starts a second (L-5674A323), ten are active (L-E65FE76A)."

ERRORS: dict[str, str] = {
    "wronginput": "",
    "wrongprefix": "",
    "toomanydocuments": "",
    "toomuchinput": "",
    "cannotcollect": "Mend or remove what the message names; everything else waits in the inbox.",
    "badarchive": 'The job is paid for. Look at its output, then run {"JobId": "..."} to unpack it again.',
    "otherkind": "Give the JobId of a classification job whose output is its own.",
    "nosuchbucket": "The bucket is gone: deploy again with a bucket that exists.",
    "toomanyrequests": _QUOTAS,
    "rate exceeded": _QUOTAS,
    "throttl": _QUOTAS,
    "resourceunavailable": "The model, or the flywheel's active one, must be TRAINED.",
    "resourcenotfound": "The model must exist in this account and Region.",
    "kmskeyvalidation": "The key must be enabled, symmetric and allowed to the data access role.",
    "jobnotfound": "The service has no record of this job: give the JobId of one in this account and Region.",
    "toomanytags": "A job takes 50 tags, those of app and stack included.",
    "not authorized": "Allow the role that the message names what it names.",
    "accessdenied": "Allow the role that the message names what it names.",
    "runaborted": (
        'A job that it had started runs on: {"JobId": "..."} follows it. What it had collected lies in its batch: '
        '{"Prefix": "..."} classifies it.'
    ),
    "runtimedout": 'The job runs on; follow it with {"JobId": "..."}, and raise the timeout.',
}
"""Words of an error's name or text, and what to do; nothing where the text itself ends with it."""

EVERYTHING_ELSE = 'Mend the cause, then run {"Prefix": "..."} with the batch of this run, if it has one.'
