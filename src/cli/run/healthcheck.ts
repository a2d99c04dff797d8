import { authorityText } from '../../http/authority-text.ts'
import type { HostPort } from '../command/values.ts'

const PATIENCE_MS = 4_000

/** `portcullis healthcheck`: 0 where the gateway of this admin address serves, else 1 with the reason. */
export async function healthcheck({ host, port }: HostPort): Promise<number> {
  const authority = authorityText(host, port)
  const reason = await ready(`http://${authority}/readyz`)
  if (reason !== null) process.stderr.write(`portcullis: not ready at ${authority}: ${reason}\n`)
  return reason === null ? 0 : 1
}

async function ready(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) })
    return response.status === 200 ? null : `${response.status}, ${(await response.text()).trim()}`
  } catch (error) {
    if (!(error instanceof Error)) return String(error)
    const cause =
      error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.message
    return cause
  }
}
