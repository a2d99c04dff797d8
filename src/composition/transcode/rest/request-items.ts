import type { Holding } from '../../calls/holding.ts'
import { badRequest } from './violations.ts'

const LINE_FEED = 0x0a

/** Lines of NDJSON, as they come; empty ones are none. `holding` is told of bytes that wait for the end of theirs. */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
  holding: Holding,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      const line = Buffer.concat([...held, chunk.subarray(from, end)])
      holding.add(-length)
      held = []
      length = 0
      from = end + 1
      if (!isBlank(line)) yield line
    }
    if (from === chunk.length) continue
    held.push(chunk.subarray(from))
    length += chunk.length - from
    holding.add(chunk.length - from)
    if (length > limitBytes) throw badRequest('', `a line is longer than ${limitBytes} bytes`)
  }
  const last = Buffer.concat(held)
  if (!isBlank(last)) yield last
}

const isBlank = (line: Buffer): boolean => line.toString('latin1').trim() === ''

/** Items of an array of JSON, each as JSON of its own. */
export function itemsOf(body: Uint8Array): readonly Uint8Array[] {
  let items: unknown
  try {
    items = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw badRequest('', 'the body is no JSON', cause)
  }
  if (!Array.isArray(items)) throw badRequest('', 'the body of a stream of messages is an array, or NDJSON')
  try {
    return items.map(item => Buffer.from(JSON.stringify(item)))
  } catch (cause) {
    // What can be read deeper than it can be written.
    throw badRequest('', 'the body is nested too deeply', cause)
  }
}
