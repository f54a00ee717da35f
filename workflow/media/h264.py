"""As much of H.264 as tells whether a picture can be copied instead of encoded (ITU-T H.264, 7.3 and 7.4)."""

from __future__ import annotations

from collections.abc import Iterator

IDR, SPS, PPS = 5, 7, 8  # nal_unit_type
_WITH_CHROMA = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128))  # profiles, 7.3.2.1.1


def length_size(config: bytes) -> int:
    """Bytes of a NAL unit's length, as the avcC record says; 0: the stream is Annex B."""
    return (config[4] & 3) + 1 if len(config) > 6 and config[0] == 1 else 0


def nal_units(content: bytes, prefix: int) -> Iterator[bytes]:
    """NAL units of a packet; *prefix* is `length_size`. Ends quietly where the structure does."""
    if not prefix:
        yield from (unit.rstrip(b"\0") for unit in content.split(b"\0\0\1")[1:])
        return
    place = 0
    while place + prefix < len(content):
        size = int.from_bytes(content[place : place + prefix], "big")
        yield content[place + prefix : place + prefix + size]
        place += prefix + size


def parameter_sets(config: bytes) -> frozenset[bytes]:
    """Sequence and picture parameter sets of a stream's configuration, avcC or Annex B."""
    if not length_size(config):
        return frozenset(unit for unit in nal_units(config, 0) if is_parameter_set(unit))
    found, place = [], 5
    for mask in (31, 255):  # of either kind how many there are, then each after its length
        count = config[place] & mask if place < len(config) else 0
        place += 1
        for _ in range(count):
            size = int.from_bytes(config[place : place + 2], "big")
            found.append(config[place + 2 : place + 2 + size].rstrip(b"\0"))
            place += 2 + size
    return frozenset(found)


def is_parameter_set(unit: bytes) -> bool:
    return bool(unit) and unit[0] & 31 in {SPS, PPS}


def codes_whole_frames(sps: bytes) -> bool:
    """frame_mbs_only_flag: no picture of the stream is, or holds, fields. Raises IndexError on a damaged set."""
    bits = _Bits(sps[1:])
    profile = bits.read(8)
    bits.read(16)
    bits.golomb()  # seq_parameter_set_id
    if profile in _WITH_CHROMA:
        if bits.golomb() == 3:  # chroma_format_idc
            bits.read(1)
        bits.golomb(), bits.golomb(), bits.read(1)
        if bits.read(1):  # scaling lists are of no camera or editor: not worth reading on
            return False
    bits.golomb()
    order = bits.golomb()  # pic_order_cnt_type
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.read(1), bits.golomb(), bits.golomb()
        for _ in range(min(255, bits.golomb())):
            bits.golomb()
    bits.golomb(), bits.read(1), bits.golomb(), bits.golomb()
    return bits.read(1) == 1


class _Bits:
    """Bits of a NAL unit, without the bytes that only prevent start codes."""

    def __init__(self, unit: bytes) -> None:
        self._content = unit.replace(b"\0\0\3", b"\0\0")
        self._place = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self._content[self._place >> 3]
            value = value << 1 | byte >> (7 - (self._place & 7)) & 1
            self._place += 1
        return value

    def golomb(self) -> int:
        """ue(v); of a signed one only the length matters here."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)
