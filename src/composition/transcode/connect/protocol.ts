import { INVALID_ARGUMENT } from '../../../http/grpc/status.ts'
import type { Metadata } from '../call/metadata.ts'
import { statusOf, StatusError } from '../call/status.ts'

/** `Connect-Timeout-Ms`: at most ten digits; null where there is none. */
export function connectTimeoutMs({ 'connect-timeout-ms': text }: Metadata): number | null {
  if (text === undefined) return null
  if (!/^\d{1,10}$/.test(text))
    throw new StatusError(statusOf(INVALID_ARGUMENT, 'Connect-Timeout-Ms is no number of at most ten digits'))
  return Number(text)
}

export function checkVersion(version: string | null | undefined, expected: string): void {
  if (version != null && version !== expected)
    throw new StatusError(
      statusOf(
        INVALID_ARGUMENT,
        `the version ${JSON.stringify(version)} of Connect is not known: ${expected} is`,
      ),
    )
}
