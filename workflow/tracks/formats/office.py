"""Office files are ZIP archives: opened here, with everything in them counted before anything is read."""

from __future__ import annotations

import io
import zipfile
import zlib

from workflow.errors import BadInput
from workflow.tracks import limits

_MOST_PARTS = 500


def is_office(data: bytes, part: str) -> bool:
    """Whether *data* is a ZIP archive with such a part."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:  # zipfile's word for a compression that it does not know is NotImplementedError
        return part in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def parts(data: bytes) -> dict[str, bytes]:
    """Every part, unpacked. Raises BadInput FORMAT for an archive that is damaged, locked or swells too far.

    Sizes are counted while unpacking: what an archive says of itself is not believed.
    """
    found: dict[str, bytes] = {}
    left = limits.MAX_UNPACKED_BYTES
    try:  # an unknown compression is NotImplementedError here too
        archive = zipfile.ZipFile(io.BytesIO(data))
        if len(archive.infolist()) > _MOST_PARTS:
            raise _refused(f"it has {len(archive.infolist())} parts")
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise _refused("it is locked with a password")
            body = _unpacked(data, info, left)
            left -= len(body)
            found[info.filename] = body
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError, IndexError):
        raise _refused("it is damaged") from None
    return found


def _unpacked(data: bytes, info: zipfile.ZipInfo, left: int) -> bytes:
    at = info.header_offset
    if data[at : at + 4] != b"PK\x03\x04":
        raise _refused("it is damaged")
    names = int.from_bytes(data[at + 26 : at + 28], "little")
    extra = int.from_bytes(data[at + 28 : at + 30], "little")
    body = data[at + 30 + names + extra :][: info.compress_size]
    if info.compress_type == zipfile.ZIP_DEFLATED:
        body = zlib.decompressobj(-15).decompress(body, left + 1)
    elif info.compress_type != zipfile.ZIP_STORED:
        raise _refused("it is packed in an unusual way")
    if len(body) > left:
        raise _refused(f"it unpacks to more than {limits.MAX_UNPACKED_BYTES >> 20} MiB")
    return body


def _refused(why: str) -> BadInput:
    return BadInput("FORMAT", f"The Office file cannot be read: {why}.", advice="Save it again.")
