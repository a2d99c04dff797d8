/** 128 bits, as four words; made once for a key that is looked up again and again. */
export interface Hash128 {
  a: number
  b: number
  c: number
  d: number
}

/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012), of a string's UTF-16 code units, each as two
 * bytes, low one first. Keys come from strangers: under a secret that a process draws for itself nobody can aim two of
 * them at one place, and 128 bits of it stand for the key itself.
 *
 * 64-bit words are pairs of 32-bit ones, because BigInt allocates for every step: 0.3 µs for an address
 * (bench/micro/shared.ts).
 */
export class KeyHash implements Hash128 {
  a = 0
  b = 0
  c = 0
  d = 0
  private readonly key: Int32Array
  private v0l = 0
  private v0h = 0
  private v1l = 0
  private v1h = 0
  private v2l = 0
  private v2h = 0
  private v3l = 0
  private v3h = 0

  /** `secret`: 16 bytes. */
  constructor(secret: Uint8Array) {
    this.key = new Int32Array(Uint8Array.from(secret).buffer, 0, 4)
  }

  /** Leaves the hash in a, b, c and d. */
  of(text: string): this {
    this.begin()
    const { length } = text
    const whole = length - (length & 3)
    for (let i = 0; i < whole; i += 4)
      this.absorb(
        text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16),
        text.charCodeAt(i + 2) | (text.charCodeAt(i + 3) << 16),
      )
    this.absorbRest(text, whole)
    this.end()
    return this
  }

  /** 16 bytes for another KeyHash, which knows its keys apart from those of all others: for what many have under one secret. */
  derive(name: string): Uint8Array {
    const { a, b, c, d } = this.of(name)
    return new Uint8Array(Int32Array.of(a, b, c, d).buffer)
  }

  private begin(): void {
    const [k0l = 0, k0h = 0, k1l = 0, k1h = 0] = this.key
    this.v0l = k0l ^ 0x70736575
    this.v0h = k0h ^ 0x736f6d65
    this.v1l = k1l ^ 0x6e646f6d ^ 0xee
    this.v1h = k1h ^ 0x646f7261
    this.v2l = k0l ^ 0x6e657261
    this.v2h = k0h ^ 0x6c796765
    this.v3l = k1l ^ 0x79746573
    this.v3h = k1h ^ 0x74656462
  }

  /** The last units, and in the highest byte how many bytes there were. */
  private absorbRest(text: string, from: number): void {
    const left = text.length - from
    const first = left > 0 ? text.charCodeAt(from) : 0
    const second = left > 1 ? text.charCodeAt(from + 1) : 0
    const third = left > 2 ? text.charCodeAt(from + 2) : 0
    this.absorb(first | (second << 16), third | ((text.length * 2) << 24))
  }

  private absorb(low: number, high: number): void {
    this.v3l ^= low
    this.v3h ^= high
    this.rounds(2)
    this.v0l ^= low
    this.v0h ^= high
  }

  private end(): void {
    this.v2l ^= 0xee
    this.rounds(4)
    this.a = this.v0l ^ this.v1l ^ this.v2l ^ this.v3l
    this.b = this.v0h ^ this.v1h ^ this.v2h ^ this.v3h
    this.v1l ^= 0xdd
    this.rounds(4)
    this.c = this.v0l ^ this.v1l ^ this.v2l ^ this.v3l
    this.d = this.v0h ^ this.v1h ^ this.v2h ^ this.v3h
  }

  private rounds(count: number): void {
    let { v0l, v0h, v1l, v1h, v2l, v2h, v3l, v3h } = this
    for (let i = 0; i < count; i++) {
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      let low = (v0l >>> 0) + (v1l >>> 0)
      v0h = (v0h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
      v0l = low | 0
      let turned = (v1l << 13) | (v1h >>> 19)
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h
      v1l = turned ^ v0l
      turned = v0l
      v0l = v0h
      v0h = turned
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      low = (v2l >>> 0) + (v3l >>> 0)
      v2h = (v2h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
      v2l = low | 0
      turned = (v3l << 16) | (v3h >>> 16)
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h
      v3l = turned ^ v2l
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      low = (v0l >>> 0) + (v3l >>> 0)
      v0h = (v0h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
      v0l = low | 0
      turned = (v3l << 21) | (v3h >>> 11)
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h
      v3l = turned ^ v0l
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      low = (v2l >>> 0) + (v1l >>> 0)
      v2h = (v2h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
      v2l = low | 0
      turned = (v1l << 17) | (v1h >>> 15)
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h
      v1l = turned ^ v2l
      turned = v2l
      v2l = v2h
      v2h = turned
    }
    this.v0l = v0l
    this.v0h = v0h
    this.v1l = v1l
    this.v1h = v1h
    this.v2l = v2l
    this.v2h = v2h
    this.v3l = v3l
    this.v3h = v3h
  }
}
