import { createHmac, randomBytes } from 'node:crypto'
import type { Asker, Question } from './asking.ts'
import { credentials } from './names.ts'

/** What is another with every request, and no reason for another decision. */
const passing: ReadonlySet<string> = new Set(['x-request-id', 'traceparent', 'tracestate', 'via'])

/**
 * The key under which a decision is kept: a digest of everything that the service was told, so that no two requests
 * share a decision that it could have told apart; and of every credential, whether or not it was told. The digest is
 * keyed: whoever chooses requests cannot search for two that meet in one, and what is in memory tells no credential.
 */
export class CacheKeys {
  private readonly secret = randomBytes(32)

  /** `identity` is who has been found to ask, and by which credentials, which may have been taken out by then. */
  of(
    x: Asker,
    { method, target, authority, fields }: Question,
    body: Buffer | null,
    identity: readonly string[],
  ): string {
    const { asked, request } = x
    const { path, query } = asked
    const hmac = createHmac('sha256', this.secret)
    const asking = [asked.method, asked.authority, path, query, x.clientAddress, ...identity]
    const parts = [...asking, method, target, authority]
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!.toLowerCase()
      if (!passing.has(name)) parts.push(name, fields[i + 1]!)
    }
    for (const name of credentials) parts.push(name, request.fields.combined(name) ?? '')
    // Lengths go with their texts, and their number before them: two lists, or a list and a body, never read alike.
    let text = `${parts.length};`
    for (const part of parts) text += `${part.length}:${part}`
    hmac.update(text)
    if (body !== null) hmac.update(body)
    return hmac.digest('base64')
  }
}
