import type { Socket } from 'node:net'

/** What is read of a connection before it is known what it speaks. */
export interface FirstBytes<T> {
  /** What the bytes say, or how many are needed to tell. */
  read(bytes: Buffer): T | number
  /** Nobody listens to the connection any more: whoever takes it over does so before this returns. */
  done(result: T, bytes: Buffer): void
  /** It has ended after so many bytes. */
  ended(length: number): void
}

/** Each piece is an object of some hundred bytes: a ClientHello of 16 KiB that comes byte by byte would be 5 MB. */
const MOST_PIECES = 64

/** Puts the first bytes of a connection together; `said` is what has been read of it already. */
export function readFirst<T extends object | string>(
  socket: Socket,
  said: Buffer | null,
  { read, done, ended }: FirstBytes<T>,
): void {
  let chunks: Buffer[] = []
  let length = 0
  let wanted = 1
  const take = (chunk: Buffer): void => {
    chunks.push(chunk)
    length += chunk.length
    if (length < wanted && chunks.length < MOST_PIECES) return
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    chunks = [bytes]
    if (length < wanted) return
    const result = read(bytes)
    if (typeof result === 'number') {
      wanted = result
      return
    }
    socket.off('data', take).off('end', end)
    done(result, bytes)
  }
  const end = (): void => ended(length)
  socket.on('data', take).once('end', end)
  if (said !== null) take(said)
}
