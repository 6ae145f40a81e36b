"""A second writer and reader of journals, after docs/journal.md alone: what one of them writes, the other reads."""
import os
import struct

PI = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
      0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917, 0x9216D5D98979FB1B)
WORD = 2**64 - 1
SCALE = 10**8


def fold(a, b):
    product = a * b
    return (product & WORD) ^ (product >> 64)


def checksum(data):
    """That of heads and names: four lanes of 16 bytes, then the rest filled up with zeros, then the size."""
    lanes = list(PI[4:8])
    padded = data + bytes(-len(data) % 64)
    for at in range(0, len(padded), 64):
        words = struct.unpack_from("<8Q", padded, at)
        for i in range(4):
            lanes[i] ^= fold(words[2 * i] ^ PI[i], words[2 * i + 1] ^ lanes[i])
    total = len(data)
    for i in range(4):
        total ^= fold(total ^ PI[i], lanes[i] ^ PI[4 + i])
    return fold(total ^ PI[0], PI[1])


def record_checksum(record, seed):
    w = list(struct.unpack("<8Q", record))
    w[7] &= 0xFFFFFFFF
    a = fold(w[0] ^ seed ^ PI[0], w[1] ^ PI[1])
    b = fold(w[2] ^ PI[2], w[3] ^ PI[3])
    c = fold(w[4] ^ PI[4], w[5] ^ PI[5])
    d = fold(w[6] ^ PI[6], w[7] ^ PI[7])
    total = fold(a ^ c ^ seed, b ^ d ^ PI[8])
    return ((total ^ total >> 32) & 0xFFFFFFFF) or 1


def time_checksum(seed, block, latest):
    return fold((latest & WORD) ^ seed ^ PI[0], block ^ seed >> 1 ^ PI[1]) | 1


def offset_of(capacity):
    return -(-(128 + 16 * -(-capacity // 4096)) // 4096) * 4096


def record(sequence, time_ns, price, size, symbol, bid=None, ask=None, kind=0, side=0, order=0):
    flags = (bid is not None) | 2 * (ask is not None)
    return struct.pack("<6qiBbHII", sequence, time_ns, price, size, bid or 0, ask or 0, symbol, kind, side, flags, order, 0)


def segment(first, capacity, records, seed=0x0123456789ABCDEF):
    """A segment's bytes; records as record() makes them."""
    head = b"QNJRNL\r\n" + struct.pack("<4I2qQ", 1, 0x01020304, 64, 0, first, capacity, seed)
    head += struct.pack("<QQq", checksum(head), 0, len(records))
    blocks = -(-capacity // 4096)
    latest, times = None, b""
    for i, bytes_ in enumerate(records):
        time_ns = struct.unpack_from("<q", bytes_, 8)[0]
        latest = time_ns if latest is None else max(latest, time_ns)
        if (i + 1) % 4096 == 0 or i + 1 == capacity:
            times += struct.pack("<qQ", latest, time_checksum(seed, i // 4096, latest))
    body = b"".join(r[:60] + struct.pack("<I", record_checksum(r, seed)) for r in records)
    out = head.ljust(128, b"\0") + times.ljust(16 * blocks, b"\0")
    return out.ljust(offset_of(capacity), b"\0") + body.ljust(64 * capacity, b"\0")


def symbols(names, room=1024):
    out = b""
    for number, name in enumerate(names):
        entry = struct.pack("<IHH32s16x", number, 1, len(name.encode()), name.encode())
        out += entry + struct.pack("<Q", checksum(entry))
    return out.ljust(64 * room, b"\0")


def write(folder, names, segments):
    """segments: (first, capacity, records)."""
    os.makedirs(folder)
    with open(os.path.join(folder, "symbols"), "wb") as file:
        file.write(symbols(names))
    for first, capacity, records in segments:
        with open(os.path.join(folder, f"{first:020d}.journal"), "wb") as file:
            file.write(segment(first, capacity, records))


def read(folder):
    """Names, and (sequence, fields …) of all records; checks every checksum."""
    names, records = [], []
    with open(os.path.join(folder, "symbols"), "rb") as file:
        data = file.read()
    for at in range(0, len(data), 64):
        entry = data[at:at + 64]
        if entry == bytes(64):
            break
        number, version, size = struct.unpack_from("<IHH", entry)
        assert (number, version) == (len(names), 1) and struct.unpack_from("<Q", entry, 56)[0] == checksum(entry[:56])
        names.append(entry[8:8 + size].decode())
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".journal")):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        assert data[:8] == b"QNJRNL\r\n"
        version, order, size, _, first, capacity, seed, sealed, _, written = struct.unpack_from("<4I2q3Qq", data, 8)
        assert (version, order, size, first, sealed) == (1, 0x01020304, 64, int(name[:20]), checksum(data[:48]))
        assert len(data) == offset_of(capacity) + 64 * capacity
        latest = -2**63
        for i in range(written):
            bytes_ = data[offset_of(capacity) + 64 * i:][:64]
            fields = struct.unpack("<6qiBbHII", bytes_)
            assert fields[0] == first + i and fields[-1] == record_checksum(bytes_, seed), i
            latest = max(latest, fields[1])
            if (i + 1) % 4096 == 0 or i + 1 == capacity:
                assert struct.unpack_from("<qQ", data, 128 + 16 * (i // 4096)) == (latest, time_checksum(seed, i // 4096, latest))
            records.append(fields[:-1])
    return names, records
