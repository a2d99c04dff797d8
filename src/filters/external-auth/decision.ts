import type { Fields } from '../../http/fields.ts'

/** What a service has decided. */
export type Decision = Allowed | Denied | Undecided

export interface Allowed {
  readonly verdict: 'allowed'
  /** What the request gets; what it has under these names goes first, except those of `added`. */
  readonly set: readonly string[]
  /** What it gets beside what it has. */
  readonly added: readonly string[]
  /** What is taken from it, in lower case. */
  readonly removed: readonly string[]
  /** What the answer to the client gets beside what it has: Set-Cookie, mostly. */
  readonly answered: readonly string[]
}

export interface Denied {
  readonly verdict: 'denied'
  /** What the client is told. Status 0: nothing of the service's own, which is 403. */
  readonly status: number
  readonly fields: readonly string[]
  readonly body: string | Buffer
}

/** The service has failed, or speaks in riddles. */
export interface Undecided {
  readonly verdict: 'unavailable'
  /** For the log. */
  readonly detail: string
}

export function unavailable(detail: string): Undecided {
  return { verdict: 'unavailable', detail }
}

/** The values of one field, each with its name. */
export function fieldLines({ list }: Fields, takes: (lower: string) => boolean): string[] {
  const lines: string[] = []
  for (let i = 0; i < list.length; i += 2)
    if (takes(list[i]!.toLowerCase())) lines.push(list[i]!, list[i + 1]!)
  return lines
}
