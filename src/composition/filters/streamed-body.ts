/**
 * What becomes of a body: takes its pieces as they come, and gives those that go on in their place, text as UTF-8. Pieces
 * are cut anywhere, also within a character. It is read as fast as the receiver takes it, and reads as fast as it asks for
 * more. What it throws breaks the body off, so that nobody takes it for whole; where it returns early that is all of the body.
 */
export type PieceTransform = (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array | string>

/** A body that passes by, piece by piece. */
export class StreamedBody {
  #transform: PieceTransform | null = null

  /**
   * The body goes through this, once the function of the filter has returned; not called where there is none (HEAD, 204,
   * 304, a request without). A second one stands behind the first. Without any the body goes on as it came, and at no cost.
   *
   * @example
   * r.body.through(async function* (pieces) {
   *   for await (const piece of pieces) yield Buffer.from(piece).toString('latin1').toUpperCase()
   * })
   * r.body.through(pieces => ReadableStream.from(pieces).pipeThrough(new CompressionStream('gzip')))
   */
  through(transform: PieceTransform): void {
    if (typeof transform !== 'function') throw new TypeError('through takes a function of pieces')
    const before = this.#transform
    this.#transform = before === null ? transform : pieces => transform(bytesOfAll(before(pieces)))
  }

  /** What it goes through; null for nothing. */
  static transformOf(body: StreamedBody): PieceTransform | null {
    return body.#transform
  }
}

async function* bytesOfAll(pieces: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield bytesOfPiece(piece)
}

/** Throws a TypeError for what is no piece of a body. */
export function bytesOfPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  if (typeof piece === 'string') return Buffer.from(piece)
  throw new TypeError(`${typeof piece} is no piece of a body, expected bytes or text`)
}
