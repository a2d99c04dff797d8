import { EventReader, type StreamEvent } from './events.ts'
import { notReached } from './reach.ts'
import { ApiError, ask } from './request.ts'
import { token } from './token.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000
/** The gateway sends a comment every 15 s: a stream that is silent for longer is dead, though nobody has said so. */
const SILENCE_MS = 40_000

/**
 * Follows a stream of /v1 until the returned function is called: again after it has ended, each time a little later,
 * and not while the page is hidden. `onOpen` is told each time: of what went on before, the stream says nothing. By fetch and not by EventSource, which cannot send a token.
 */
export function follow(
  path: string,
  onEvent: (event: StreamEvent) => void,
  onOpen: () => void = () => {},
): () => void {
  const stopped = new AbortController()
  void keepOpen(path, { onEvent, onOpen }, stopped.signal)
  return () => stopped.abort()
}

interface Follower {
  onEvent(event: StreamEvent): void
  onOpen(): void
}

async function keepOpen(path: string, { onEvent, onOpen }: Follower, stopped: AbortSignal) {
  let waitMs = FIRST_WAIT_MS
  while (!stopped.aborted) {
    await visible(stopped)
    const told = (event: StreamEvent) => {
      waitMs = FIRST_WAIT_MS
      onEvent(event)
    }
    const refused = await readOnce(path, stopped, { onEvent: told, onOpen })
    if (stopped.aborted || document.hidden) continue
    if (refused) await tokenChanges(stopped)
    else await pause(waitMs, stopped)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

/** Until it ends, whoever ended it; true where it was refused for want of a token, or of a role. */
async function readOnce(path: string, stopped: AbortSignal, { onEvent, onOpen }: Follower) {
  const over = new AbortController()
  const end = () => over.abort()
  const onHidden = () => document.hidden && end()
  let timer = setTimeout(end, SILENCE_MS)
  stopped.addEventListener('abort', end)
  document.addEventListener('visibilitychange', onHidden)
  try {
    const { body } = await ask(path, { signal: over.signal, headers: { accept: 'text/event-stream' } })
    if (body === null) return false
    onOpen()
    const events = new EventReader()
    for await (const text of chunks(body)) {
      clearTimeout(timer)
      timer = setTimeout(end, SILENCE_MS)
      for (const event of events.read(text)) onEvent(event)
    }
    return false
  } catch (error) {
    if (error instanceof ApiError) return error.status === 401 || error.status === 403
    if (!stopped.aborted && !document.hidden) notReached()
    return false
  } finally {
    clearTimeout(timer)
    stopped.removeEventListener('abort', end)
    document.removeEventListener('visibilitychange', onHidden)
  }
}

async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield decoder.decode(value, { stream: true })
  }
}

async function visible(stopped: AbortSignal): Promise<void> {
  while (document.hidden && !stopped.aborted)
    await new Promise<void>(resolve => {
      document.addEventListener('visibilitychange', () => resolve(), { once: true, signal: stopped })
      stopped.addEventListener('abort', () => resolve(), { once: true })
    })
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    stopped.addEventListener('abort', end, { once: true })
  })
}

function tokenChanges(stopped: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      unsubscribe()
      resolve()
    }
    const unsubscribe = token.subscribe(end)
    stopped.addEventListener('abort', end, { once: true })
  })
}
