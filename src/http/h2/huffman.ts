/**
 * The Huffman code of RFC 7541 Appendix B. It is canonical: codes follow from
 * their lengths, ordered by length and then by symbol, which the tests compare
 * with the appendix's examples and another implementation. The last is EOS.
 */
const lengths = `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
  6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
  13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
  15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30`
  .trim()
  .split(/\s+/)
  .map(Number)

const EOS = 256
const bits = Uint8Array.from(lengths)
const codes = canonicalCodes()

function canonicalCodes(): Uint32Array {
  const made = new Uint32Array(bits.length)
  let code = 0
  let last = 0
  for (const symbol of [...bits.keys()].sort((a, b) => bits[a]! - bits[b]! || a - b)) {
    code <<= bits[symbol]! - last
    last = bits[symbol]!
    made[symbol] = code++
  }
  return made
}

// The decoder is an automaton that takes four bits a step. The shortest code has five, so that a step emits one symbol
// at most. A state is an inner node of the code's tree: 256 states of 16 steps are 16 KiB, half of what a table by byte
// costs in cache for a single state in use.
const STATE = 0xff
const EMIT = 0x100
const SYMBOL_SHIFT = 16
const FAIL = 0x200
const steps = new Int32Array(256 * 16)
/** Whether a string may end in this state: nothing, or a prefix of EOS shorter than 8 bits, is left (§5.2). */
const final = new Uint8Array(256)

buildAutomaton()

function buildAutomaton(): void {
  // Inner nodes have their children at 2n and 2n+1: a positive number is a node, a negative one the symbol -n-1.
  const children: number[] = [0, 0]
  for (let symbol = 0; symbol < bits.length; symbol++) {
    let node = 0
    for (let bit = bits[symbol]! - 1; bit > 0; bit--) {
      const at = node * 2 + ((codes[symbol]! >>> bit) & 1)
      if (children[at] === 0) {
        children[at] = children.length / 2
        children.push(0, 0)
      }
      node = children[at]!
    }
    children[node * 2 + (codes[symbol]! & 1)] = -symbol - 1
  }
  for (let state = 0; state < 256; state++)
    for (let nibble = 0; nibble < 16; nibble++) steps[state * 16 + nibble] = walk(children, state, nibble)
  for (let node = 0, depth = 0; depth < 8; depth++) {
    final[node] = 1
    node = children[node * 2 + 1]!
  }
}

function walk(children: readonly number[], state: number, nibble: number): number {
  let node = state
  let emitted = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node * 2 + ((nibble >>> bit) & 1)]!
    if (next >= 0) {
      node = next
      continue
    }
    const symbol = -next - 1
    if (symbol === EOS) return FAIL
    emitted = EMIT | (symbol << SYMBOL_SHIFT)
    node = 0
  }
  return node | emitted
}

/**
 * Decodes from[start, end) into `to` at 0, which must have room for 8/5 of it.
 * Returns the number of bytes, or -1 where it is malformed: EOS within, or
 * padding that is longer than 7 bits or not ones (RFC 7541 §5.2).
 */
export function huffmanDecode(from: Uint8Array, start: number, end: number, to: Uint8Array): number {
  let state = 0
  let at = 0
  for (let i = start; i < end; i++) {
    const byte = from[i]!
    const high = steps[(state << 4) | (byte >>> 4)]!
    if ((high & EMIT) !== 0) to[at++] = high >>> SYMBOL_SHIFT
    const low = steps[((high & STATE) << 4) | (byte & 15)]!
    if (((high | low) & FAIL) !== 0) return -1
    if ((low & EMIT) !== 0) to[at++] = low >>> SYMBOL_SHIFT
    state = low & STATE
  }
  return final[state] === 1 ? at : -1
}

/** Bytes that latin1 text takes when encoded. */
export function huffmanLength(text: string): number {
  let total = 0
  for (let i = 0; i < text.length; i++) total += bits[text.charCodeAt(i)]!
  return (total + 7) >>> 3
}

/** Encodes latin1 text into `to` at `at`, where huffmanLength(text) bytes are free; returns the offset after it. */
export function huffmanEncode(text: string, to: Uint8Array, at: number): number {
  let held = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    let left = bits[c]!
    // At most 7 bits are held and a code has up to 30: in pieces, since 32 bits are all there are.
    while (left > 0) {
      const take = Math.min(left, 24 - count)
      left -= take
      held = (held << take) | ((codes[c]! >>> left) & ((1 << take) - 1))
      count += take
      while (count >= 8) {
        count -= 8
        to[at++] = held >>> count
      }
      held &= (1 << count) - 1
    }
  }
  if (count > 0) to[at++] = (held << (8 - count)) | (0xff >>> count)
  return at
}
