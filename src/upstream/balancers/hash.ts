/** FNV-1a of the UTF-16 code units, mixed: a 32-bit integer. It is no secret: who chooses cookies may choose an endpoint. */
export function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mixed(h) | 0
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the output's. From 0 to 2^32 - 1. */
export function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
