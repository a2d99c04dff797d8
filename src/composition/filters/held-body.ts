/** A body that is all here. */
export class HeldBody {
  readonly bytes: Uint8Array
  #next: Uint8Array | null = null

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** UTF-8. */
  text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  /** Throws a SyntaxError where it is none. */
  json(): unknown {
    return JSON.parse(this.text())
  }

  /** This goes on in its place: bytes, text as UTF-8, anything else as JSON. Its length is the gateway's to tell. */
  replace(content: unknown): void {
    this.#next = bytesOf(content)
  }

  /** What is in its place; null for nothing. */
  static replacementOf(body: HeldBody): Uint8Array | null {
    return body.#next
  }
}

/** Throws a TypeError for what JSON cannot say. */
export function bytesOf(content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content
  const text = typeof content === 'string' ? content : (JSON.stringify(content) as string | undefined)
  if (text === undefined) throw new TypeError(`${typeof content} cannot be a body`)
  return Buffer.from(text)
}
