"""Draws docs/images/pipeline.svg, what a pipeline makes, light or dark as its reader likes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

IMAGE = Path(__file__).parent / "images" / "pipeline.svg"
WIDTH, HEIGHT = 860, 372

_STYLE = """
  .page { fill: #ffffff } .box { fill: #f6f8fa; stroke: #57606a } .job { fill: #ddf4ff; stroke: #0969da }
  .frame { fill: none; stroke: #57606a; stroke-dasharray: 5 4 } .line { fill: none; stroke: #57606a; stroke-width: 1.5 }
  .head { fill: #57606a } text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #57606a }
  .name { font-weight: 600; fill: #1f2328 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .box { fill: #161b22; stroke: #8b949e } .job { fill: #0c2d6b; stroke: #58a6ff }
    .frame, .line { stroke: #8b949e } .head, text { fill: #b1bac4 } .name { fill: #f0f6fc }
  }
"""


@dataclass(frozen=True)
class Box:
    """A part: a name, and what one has to know of it.

    Args:
        x: Left edge.
        y: Upper edge.
        width: Its width.
        height: Its height.
        name: The first line.
        about: The other lines.
        kind: How it looks.
    """

    x: int
    y: int
    width: int
    height: int
    name: str
    about: tuple[str, ...] = ()
    kind: str = "box"

    def drawn(self) -> str:
        """As SVG, its text in the middle."""
        middle = self.x + self.width // 2
        top = self.y + (self.height - 18 * len(self.about)) // 2 + 5
        lines = [_text(middle, top, self.name, "name")]
        lines += [_text(middle, top + 18 * number, text) for number, text in enumerate(self.about, 1)]
        frame = (
            f'<rect class="{self.kind}" x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="8"/>'
        )
        return "\n".join([frame, *lines])


def _text(x: int, y: int, text: str, kind: str = "", anchor: str = "middle") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _arrow(*points: tuple[int, int]) -> str:
    path = " L".join(f"{x} {y}" for x, y in points)
    return f'<path class="line" d="M{path}" marker-end="url(#head)"/>'


PARTS = (
    Box(
        20,
        70,
        190,
        106,
        "Documents bucket",
        ("encrypted, TLS only,", "versioned, access-logged", "kept when the stack goes"),
    ),
    Box(330, 86, 200, 74, "Classification job", ("in Amazon Comprehend,", "as the DataAccessRole"), "job"),
    Box(650, 70, 190, 106, "Results bucket", ("encrypted, TLS only,", "versioned, access-logged", "output.tar.gz")),
    Box(20, 284, 190, 66, "CloudFormation", ("Custom::Document-", "ClassificationJob")),
    Box(330, 284, 200, 66, "Handler function", ("starts the job, watches it", "until it is really running")),
    Box(650, 284, 190, 66, "Stack outputs", ("JobArn, JobStatus,", "ResultsUri, DocumentsUri")),
)


def svg() -> str:
    """Draw.

    Returns:
        The image.
    """
    body = [
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
        '<rect class="frame" x="292" y="36" width="276" height="164" rx="10"/>',
        _text(430, 58, "ClassificationNetwork", "name"),
        _text(430, 186, "isolated subnets, S3 endpoint, flow logs"),
        *(part.drawn() for part in PARTS),
        _arrow((210, 123), (324, 123)),
        _arrow((530, 123), (644, 123)),
        _arrow((430, 284), (430, 206)),
        _text(440, 232, "StartDocumentClassificationJob,", anchor="start"),
        _text(440, 250, "DescribeDocumentClassificationJob", anchor="start"),
        _arrow((210, 317), (324, 317)),
        _arrow((530, 317), (644, 317)),
        _text(20, 30, "Two keys: one for buckets and results,", anchor="start"),
        _text(20, 48, "one for the service's volumes", anchor="start"),
        _text(20, 268, "cdk deploy", "name", "start"),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">\n'
        '<title id="title">Documents bucket, Comprehend job in an isolated network, results bucket; CloudFormation '
        "asks the handler function for the job, and its outputs name it.</title>\n"
        f"<style>{_STYLE}</style>\n"
        '<defs><marker id="head" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M0 0 L10 5 L0 10 z"/></marker></defs>\n' + "\n".join(body) + "\n</svg>\n"
    )


if __name__ == "__main__":
    IMAGE.write_text(svg(), encoding="utf-8")
