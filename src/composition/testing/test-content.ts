import { bytesOf } from '../filters/held-body.ts'
import { bytesOfPiece } from '../filters/streamed-body.ts'

/** A body that a test gives; neither: none. */
export interface Content {
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown
  /** It comes in these pieces. */
  readonly pieces?: readonly (Uint8Array | string)[]
}

/** Its type, as fields, and its pieces; null where there is no body. */
export function contentOf({ body, pieces }: Content): {
  readonly type: Readonly<Record<string, string>>
  readonly pieces: readonly Uint8Array[] | null
} {
  if (pieces !== undefined) return { type: {}, pieces: pieces.map(bytesOfPiece) }
  if (body === undefined) return { type: {}, pieces: null }
  const isJson = !(body instanceof Uint8Array) && typeof body !== 'string'
  return { type: isJson ? { 'content-type': 'application/json' } : {}, pieces: [bytesOf(body)] }
}

export function tooLong(pieces: readonly Uint8Array[] | null, limitBytes: number): boolean {
  return (pieces ?? []).reduce((sum, { length }) => sum + length, 0) > limitBytes
}

// oxlint-disable-next-line typescript/require-await -- a body comes asynchronously, this one at once
export async function* once(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
