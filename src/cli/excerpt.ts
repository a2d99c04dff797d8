import { redactText } from '../telemetry/redact.ts'
import type { Finding } from './findings.ts'

const MAX_COLUMNS = 100

/** The line of a text that a finding speaks of, and a caret under what it speaks of; [] where it would tell nothing, or a secret. */
export function excerptOf(finding: Finding, text: string | null): readonly string[] {
  const { position, path, resource } = finding
  if (position === null || text === null || (resource !== null && path.length === 0)) return []
  if (resource === null ? mayHoldSecret(text) : resource.kind === 'Secret') return []
  const written = lineOf(text, position.line)
  if (written.trim() === '') return []
  const at = position.column - 1
  const veiled = veil(written, finding)
  const { shown, caret } = cut(veiled, at)
  const number = String(position.line)
  const underline = '^'.repeat(Math.max(1, Math.min(tokenLength(veiled, at), shown.length - caret)))
  return [`  ${number} | ${shown}`, `  ${' '.repeat(number.length)} | ${' '.repeat(caret)}${underline}`]
}

/** Of a text that cannot be read it is not known what is whose. */
function mayHoldSecret(text: string): boolean {
  return /kind["']?\s*:\s*["']?Secret\b/.test(text)
}

function lineOf(text: string, number: number): string {
  let start = 0
  for (let line = 1; line < number; line++) {
    const end = text.indexOf('\n', start)
    if (end < 0) return ''
    start = end + 1
  }
  const end = text.indexOf('\n', start)
  return text.slice(start, end < 0 ? text.length : end)
}

const SECRET_FIELD = /(authorization|cookie|api-?key|token|secret|password|credential)/i

/** Without what a terminal obeys, and without the values of headers that are credentials, in the same columns. */
function veil(line: string, { path }: Finding): string {
  const plain = redactText(line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' '))
  const isHeader = path.some(step => step === 'headers' || step === 'set' || step === 'add')
  if (!SECRET_FIELD.test(plain) && !(isHeader && path.at(-1) === 'value')) return plain
  return plain.replaceAll(/(\bvalue["']?\s*:\s*)("[^"]*"|'[^']*'|[^,}\s][^,}]*)/g, '$1…')
}

/** How much of a line is named: a key, a quoted text, or a word. */
function tokenLength(line: string, at: number): number {
  return /^("[^"]*"|'[^']*'|[^\s:,{}[\]]+)/.exec(line.slice(at))?.[0].length ?? 1
}

/** A piece of a long line around the caret. */
function cut(line: string, at: number): { shown: string; caret: number } {
  const whole = line.trimEnd()
  if (whole.length <= MAX_COLUMNS) return { shown: whole, caret: at }
  const from = Math.max(0, Math.min(at - 40, whole.length - MAX_COLUMNS))
  const piece = whole.slice(from, from + MAX_COLUMNS)
  const shown = `${from > 0 ? '…' : ''}${piece}${from + MAX_COLUMNS < whole.length ? '…' : ''}`
  return { shown, caret: at - from + (from > 0 ? 1 : 0) }
}
