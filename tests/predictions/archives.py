"""Archives as the service writes them."""

import gzip
import io
import json
import tarfile


def tar_gz(members):
    """Return an archive with the given members: bytes by name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def json_lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def archive(*records):
    return tar_gz({"predictions.jsonl": json_lines(records)})


def truncated_text(data):
    """Return the archive with whole gzip framing around half of the tar."""
    return gzip.compress(gzip.decompress(data)[:700])


def multi_class(file, *scores, **more):
    return {"File": file, "Classes": [{"Name": name, "Score": score} for name, score in scores], **more}


def multi_label(file, *scores, **more):
    return {"File": file, "Labels": [{"Name": name, "Score": score} for name, score in scores], **more}
