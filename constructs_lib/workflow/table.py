"""Predictions as a table: a Glue database and a table whose partitions nobody has to add.

Source: Athena User Guide, "Use partition projection with Amazon Athena".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment

COLUMNS = {
    "document": ("string", "the document in words, such as `scan.pdf page 2`"),
    "file": ("string", "the name of the input file"),
    "line": ("int", "the line, counted from 0, with one document per line"),
    "page": ("int", "the page, counted from 1, of PDF files and images"),
    "class": ("string", "the class; labels of a multi-label model are joined with |"),
    "score": ("double", "the confidence of the best class, from 0 to 1"),
    "predictions": ("array<struct<name:string,score:double>>", "every class with its confidence, the best first"),
    "error_code": ("string", "why the document could not be classified"),
    "error_message": ("string", "the service's words for it"),
    "document_type": ("string", "how the service read a PDF file or image"),
    "job_id": ("string", "the job"),
    "run_id": ("string", "the run, the name of its execution"),
    "classifier_arn": ("string", "the model"),
    "processed_at": ("string", "when the job ended, ISO 8601 in UTC"),
}
"""Columns of the table: type and meaning."""

PARTITION = ("dt", "string", "the day the job was submitted, UTC")
_FIRST_DAY = "2024-01-01"  # no workflow is older than this library


class PredictionsTable(Construct):
    """The database and table of a workflow's predictions.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        location: `s3://<bucket>/<prefix>/` of the rows.
        environment: Where it is.
    """

    def __init__(self, scope: Construct, id: str, *, location: str, environment: Environment) -> None:
        super().__init__(scope, id)
        name = cdk.Names.unique_resource_name(scope, max_length=100, separator="_").lower()
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=environment.account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=name, description="Predictions of document classification jobs"
            ),
            database_name=name,
        )
        self.table = glue.CfnTable(
            self,
            "Table",
            catalog_id=environment.account,
            database_name=self.database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name="predictions",
                description="One row a document",
                table_type="EXTERNAL_TABLE",
                partition_keys=[_column(*PARTITION)],
                parameters={
                    "EXTERNAL": "TRUE",
                    "projection.enabled": "true",
                    "projection.dt.type": "date",
                    "projection.dt.format": "yyyy-MM-dd",
                    "projection.dt.range": f"{_FIRST_DAY},NOW+1DAY",
                    "projection.dt.interval": "1",
                    "projection.dt.interval.unit": "DAYS",
                    "storage.location.template": f"{location}dt=${{dt}}/",
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[_column(column, *told) for column, told in COLUMNS.items()],
                    location=location,
                    compressed=True,
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe",
                        # Nothing fails for a row; a value that is none of the column's type is null.
                        parameters={"ignore.malformed.json": "FALSE", "case.insensitive": "TRUE"},
                    ),
                ),
            ),
        )


def _column(name: str, kind: str, comment: str) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=name, type=kind, comment=comment)
