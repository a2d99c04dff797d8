/** What a request keeps in memory for its client, told to whoever shares that memory among clients. */
export interface Holding {
  /** So many bytes more; below 0 so many less. What is left when the request is over counts no more. */
  add(bytes: number): void
}

const SMALL_BYTES = 8 * 1024
/** What V8 takes for each: 8 of a number, 12 and 20 of an empty object and array, 20 of an object with one member. */
const ELEMENT_BYTES = 20
const COMMA = 0x2c
const BRACKET = 0x5b
const BRACE = 0x7b

/** About what the objects of JSON take beside its text, which is what sets `[[],[],…]` apart from a long string. */
export function objectBytes(json: Uint8Array): number {
  if (json.length < SMALL_BYTES) return 0
  let elements = 0
  for (const byte of json) if (byte === COMMA || byte === BRACKET || byte === BRACE) elements++
  return elements * ELEMENT_BYTES
}

/** Where nobody shares it: in tests. */
export const nobodysHolding: Holding = { add: () => undefined }
