"""G.711 (ITU-T G.711), 16-bit linear <-> A-law and µ-law, and signals to send. Written from the standard's tables."""
import math
import random


def _alaw_encode(sample):
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else -sample - 1, 32767) >> 4
    if magnitude < 0:
        magnitude = 0
    if magnitude < 16:
        code = magnitude
    else:
        exponent = magnitude.bit_length() - 4
        code = (exponent << 4) | ((magnitude >> (exponent - 1)) & 0x0F)
    return (code | sign) ^ 0x55


def _alaw_decode(code):
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return value if code & 0x80 else -value


def _ulaw_encode(sample):
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF


def _ulaw_decode(code):
    code = ~code & 0xFF
    value = ((((code & 0x0F) << 3) + 132) << ((code >> 4) & 7)) - 132
    return -value if code & 0x80 else value


ENCODE = {8: _alaw_encode, 0: _ulaw_encode}
DECODE = {8: [_alaw_decode(c) for c in range(256)], 0: [_ulaw_decode(c) for c in range(256)]}
SILENCE = {8: 0xD5, 0: 0xFF}


def encode(samples, payload):
    one = ENCODE[payload]
    return bytes(one(int(s)) for s in samples)


def decode(data, payload):
    table = DECODE[payload]
    return [table[b] for b in data]


def tone(hertz, seconds, level=8000):
    return [level * math.sin(2 * math.pi * hertz * i / 8000) for i in range(int(seconds * 8000))]


def bursts(hertz, seconds, on=0.5, off=0.5, level=8000):
    """Tone on and off, to see alignment by the envelope."""
    period = on + off
    return [level * math.sin(2 * math.pi * hertz * i / 8000) if (i / 8000) % period < on else 0 for i in range(int(seconds * 8000))]


def noise(seed, seconds, level=6000):
    """White noise from a seed: its autocorrelation has one sharp peak, so a correlation names one place only."""
    draw = random.Random(seed)
    return [draw.uniform(-level, level) for _ in range(int(seconds * 8000))]


def power(samples, hertz):
    """Goertzel: share of the samples' energy at one frequency, 0…1."""
    n = len(samples)
    energy = sum(s * s for s in samples)
    if not n or not energy:
        return 0.0
    w = 2 * math.pi * hertz / 8000
    c, s1, s2 = 2 * math.cos(w), 0.0, 0.0
    for sample in samples:
        s1, s2 = sample + c * s1 - s2, s1
    return 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (n * energy)


def correlation(a, b):
    """Normalised, of two equally long pieces: 1 = the same signal."""
    n = min(len(a), len(b))
    ab = sum(x * y for x, y in zip(a, b))
    aa, bb = sum(x * x for x in a[:n]), sum(y * y for y in b[:n])
    return ab / math.sqrt(aa * bb) if aa and bb else 0.0


def best_lag(known, heard, lags, size=4000):
    """(lag, correlation) of the best fit of heard[lag:lag+size] with known[:size]."""
    best = (0, -1.0)
    piece = known[:size]
    for lag in lags:
        part = heard[lag:lag + size]
        if len(part) == size:
            value = correlation(piece, part)
            if value > best[1]:
                best = (lag, value)
    return best
