/** What Buffer has for text of which each character is a byte, and its types do not tell of; half the price of `write`. */
export interface Latin1Bytes extends Buffer {
  latin1Write(text: string, at: number): number
  latin1Slice(from: number, to: number): string
}

/** The same memory as everything that it is made of. */
export interface Views {
  readonly bytes: Latin1Bytes
  readonly int32: Int32Array
  readonly uint16: Uint16Array
  readonly float64: Float64Array
}

export function viewsOf(memory: SharedArrayBuffer | ArrayBuffer): Views {
  return {
    bytes: Buffer.from(memory) as unknown as Latin1Bytes,
    int32: new Int32Array(memory),
    uint16: new Uint16Array(memory),
    float64: new Float64Array(memory),
  }
}
