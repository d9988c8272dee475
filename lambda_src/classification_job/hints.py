"""What to allow the data access role, by the message of a job that failed for want of access."""

import re
from typing import Any

_RIGHTS = {
    "NO_READ_ACCESS": "s3:ListBucket and s3:GetObject on {InputDataConfig[S3Uri]}, and kms:Decrypt on its key",
    "NO_WRITE_ACCESS": "s3:PutObject below {S3Uri}, and kms:GenerateDataKey on {KmsKeyId}",
    "TEXTRACT_ACCESS_DENIED": "textract:DetectDocumentText and textract:AnalyzeDocument, as DocumentReader does",
    "assume": "to be assumed by comprehend.amazonaws.com for this account's document-classification-job/*",
    r"\bkms\b": "kms:CreateGrant on {VolumeKmsKeyId}",
    "access ?denied|not authorized": "what the message names",
}


def tells_of_access(message: str) -> bool:
    """Whether a message of the service speaks of missing access."""
    return any(re.search(words, message, re.IGNORECASE) for words in _RIGHTS)


def access_hint(message: str, request: dict[str, Any]) -> str:
    """What to allow the data access role, if that explains a failure."""
    known = {"VolumeKmsKeyId": "the volume key", "KmsKeyId": "its key"} | request["OutputDataConfig"] | request
    for words, right in _RIGHTS.items():
        if re.search(words, message, re.IGNORECASE):
            return f"Allow {request['DataAccessRoleArn']} {right.format(**known)}."
    return ""
