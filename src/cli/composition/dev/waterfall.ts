import type { Colour, Paint } from '../../../telemetry/colour.ts'

/** A call of a request, by milliseconds from its beginning. */
export interface Call {
  /** `users GET /users/{id}` */
  readonly call: string
  /** `ok`, or the name of a failure; null: it was under way when the answer was given. */
  readonly outcome: string | null
  readonly status: number | null
  readonly attempts: number
  readonly fromMs: number
  readonly toMs: number
}

/** What the gateway tells of a request to a composition (`composition.answered`). */
export interface Answered {
  readonly time: string
  readonly composition: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly partial?: string
  readonly tookMs: number
  readonly calls: readonly Call[]
}

const BAR = 24
const LONGEST_NAME = 48

/** A line for a request, and one for each of its calls, with a bar for when it ran. */
export function waterfall(answered: Answered, paint: Paint): string {
  const { method, path, status, partial, tookMs, calls } = answered
  const missing = partial === undefined ? '' : paint('warning', `  without ${partial}`)
  const head = `${paint(colourOf(status), String(status))}  ${method} ${path}  ${paint('dim', `${tookMs} ms`)}${missing}`
  const width = Math.min(LONGEST_NAME, Math.max(...calls.map(({ call }) => call.length)))
  const lines = calls.map(call => {
    const name = call.call.length > width ? `${call.call.slice(0, width - 1)}…` : call.call.padEnd(width)
    const end = isFine(call) ? '' : `  ${paint(isSoft(call) ? 'dim' : 'error', said(call))}`
    const times = call.attempts > 1 ? paint('warning', `  ${call.attempts} attempts`) : ''
    const bar = paint(isFine(call) ? 'good' : isSoft(call) ? 'dim' : 'error', barOf(call, tookMs))
    return `     ${name}  ${bar}  ${paint('dim', `${Math.round(call.toMs - call.fromMs)} ms`)}${end}${times}`
  })
  return [head, ...lines].join('\n')
}

const isFine = ({ outcome }: Call): boolean => outcome === 'ok'
/** Nothing went wrong, nobody needed it any more. */
const isSoft = ({ outcome }: Call): boolean => outcome === 'cancelled' || outcome === null

const said = ({ outcome, status }: Call): string =>
  outcome === null ? 'under way' : outcome === 'backend_status' ? `answered ${status ?? ''}` : outcome

/** Where in the request's time it ran; never nothing. */
function barOf({ fromMs, toMs }: Call, tookMs: number): string {
  const at = (ms: number): number => Math.round((Math.min(ms, tookMs) / Math.max(tookMs, 0.1)) * BAR)
  const from = Math.min(at(fromMs), BAR - 1)
  const to = Math.max(at(toMs), from + 1)
  return `${' '.repeat(from)}${'━'.repeat(to - from)}`.padEnd(BAR)
}

const colourOf = (status: number): Colour => (status < 400 ? 'good' : status < 500 ? 'warning' : 'error')
