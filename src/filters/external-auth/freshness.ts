import type { Fields } from '../../http/fields.ts'

/**
 * How long a decision may be kept by what its answer says (RFC 9111 §4.2.1), in milliseconds; 0: it is for this request
 * alone. `mostMs` is the policy's, and counts where an answer that lets a request pass says nothing; a refusal is kept
 * only where it says for how long.
 */
export function freshForMs(fields: Fields, allowed: boolean, mostMs: number): number {
  // A cookie is given once: with another answer it would undo what has happened since.
  if (fields.has('set-cookie') || fields.combined('vary')?.includes('*') === true) return 0
  const control = fields.combined('cache-control')
  if (control === undefined) return allowed ? mostMs : 0
  const said = directivesOf(control)
  // We are a shared cache, though the key holds all that tells clients apart.
  if (said.has('no-store') || said.has('no-cache') || said.has('private')) return 0
  const seconds = said.get('s-maxage') ?? said.get('max-age')
  if (seconds === undefined) return allowed ? mostMs : 0
  const ms = (secondsOf(seconds) - secondsOf(fields.get('age') ?? '0', Infinity)) * 1000
  return Math.max(0, Math.min(ms, mostMs))
}

function directivesOf(control: string): Map<string, string> {
  const said = new Map<string, string>()
  for (const member of control.split(',')) {
    const [name = '', value = ''] = member.split('=', 2)
    const key = name.trim().toLowerCase()
    // Of two that contradict the first; neither is worth a guess, and both are bounded by the policy.
    if (!said.has(key)) said.set(key, value.trim().replace(/^"(.*)"$/, '$1'))
  }
  return said
}

/** What is no number counts as stale (RFC 9111 §4.2.1: "encouraged to consider responses … to be stale"). */
function secondsOf(text: string, otherwise = 0): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : otherwise
}
