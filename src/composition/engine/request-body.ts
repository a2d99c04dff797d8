import { Call } from '../calls/call.ts'
import type { Scope } from '../calls/scope.ts'
import { Problem } from '../routes/answer.ts'

type Body = AsyncIterable<Uint8Array>

/**
 * A body of a request, whole. What it waits for is the client, who may say nothing for ever: reading ends with the
 * request. Throws what that ended with, or a Problem 413.
 */
export async function wholeBody(body: Body, limitBytes: number, scope: Scope): Promise<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  const reading = Call.begin('the body of the request', scope, own => collected(chunks, limitBytes, own))
  try {
    return await reading.outcome
  } catch (error) {
    void letGo(chunks)
    throw error
  }
}

async function collected(
  chunks: AsyncIterator<Uint8Array>,
  limitBytes: number,
  reading: Scope,
): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  let length = 0
  for (;;) {
    const next: IteratorResult<Uint8Array, unknown> = await chunks.next()
    if (next.done === true) return Buffer.concat(all, length)
    reading.throwIfCancelled()
    length += next.value.length
    reading.request.holding.add(next.value.length)
    if (length > limitBytes) throw new Problem(413, 'The body of the request is too large')
    all.push(next.value)
  }
}

/** Nobody waits for that: a generator ends itself only when what it waits for has come. What fails in it fails nothing. */
async function letGo(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await chunks.return?.()
  } catch {
    // Of what nobody reads any more nothing is to be told.
  }
}
