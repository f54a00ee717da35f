"""What MP4 wants to know of an encoder's output: decoder configurations, and samples without start codes."""

from __future__ import annotations


def nal_units(stream: bytes) -> list[bytes]:
    """NAL units of an Annex B byte stream (ITU-T H.264 and H.265, Annex B), without their start codes."""
    units = stream.split(b"\x00\x00\x01")[1:]
    # A start code may have one zero more in front; a NAL unit itself never ends in a zero byte.
    return [unit.rstrip(b"\x00") for unit in units]


def length_prefixed(stream: bytes) -> bytes:
    """Annex B → the form of MP4: each NAL unit after its length in four bytes."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in nal_units(stream))


def without_delimiter(unit: bytes) -> bytes:
    """A temporal unit of AV1 without the delimiter at its start, which MP4 does without."""
    return unit.removeprefix(b"\x12\x00")


def avc_configuration(headers: bytes) -> bytes:
    """The avcC record for x264's headers, 8-bit 4:2:0 (ISO/IEC 14496-15, 5.3.3.1)."""
    units = nal_units(headers)
    sequence = [unit for unit in units if unit[0] & 31 == 7]
    picture = [unit for unit in units if unit[0] & 31 == 8]
    record = b"\x01" + sequence[0][1:4] + b"\xff" + bytes([0xE0 | len(sequence)])
    record += b"".join(len(unit).to_bytes(2, "big") + unit for unit in sequence)
    record += bytes([len(picture)])
    record += b"".join(len(unit).to_bytes(2, "big") + unit for unit in picture)
    high = sequence[0][1] >= 100  # ultrafast needs no more than the baseline profile
    return record + (b"\xfd\xf8\xf8\x00" if high else b"")


def hevc_configuration(headers: bytes) -> bytes:
    """The hvcC record for x265's headers, 8-bit 4:2:0 (ISO/IEC 14496-15, 8.3.3.1)."""
    arrays = {32: b"", 33: b"", 34: b""}  # VPS, SPS, PPS
    counts = dict.fromkeys(arrays, 0)
    layers = profile = b""
    for unit in nal_units(headers):
        kind = unit[0] >> 1 & 63
        if kind in arrays:
            arrays[kind] += len(unit).to_bytes(2, "big") + unit
            counts[kind] += 1
        if kind == 33:
            bare = unit.replace(b"\x00\x00\x03", b"\x00\x00")
            layers, profile = bare[2:3], bare[3:15]  # profile_tier_level: up to the level
    temporal = (layers[0] >> 1 & 7) + 1 << 3 | (layers[0] & 1) << 2
    record = b"\x01" + profile + b"\xf0\x00\xfc\xfd\xf8\xf8\x00\x00" + bytes([temporal | 3, 3])
    for kind, units in arrays.items():
        record += bytes([0x80 | kind]) + counts[kind].to_bytes(2, "big") + units
    return record


def av1_configuration(sequence: bytes) -> bytes:
    """The av1C record for SVT-AV1's sequence header, 8-bit 4:2:0 (AV1 Codec ISO Media File Format, 2.3.3)."""
    header = sequence[2:]  # after the OBU's own two bytes
    bits = int.from_bytes(header[:5], "big")
    profile = bits >> 37
    if (
        bits >> 35 & 1 or bits >> 34 & 1 or bits >> 28 & 31
    ):  # reduced, with timing, or of many points
        raise ValueError("not the sequence header of an ordinary film")
    level = bits >> 11 & 31  # after 5 bits and 7, and the 12 of operating_point_idc
    tier = bits >> 10 & 1 if level > 7 else 0
    return bytes([0x81, profile << 5 | level, tier << 7 | 0b1100, 0]) + sequence
