import { redactText } from '../../telemetry/redact.ts'
import type { Finding } from '../../control/findings.ts'

const MAX_COLUMNS = 100

/** The lines of one file, of which thousands of findings may speak. */
interface Lines {
  readonly list: readonly string[]
  /** Of what cannot be read it is not known what is whose. */
  readonly mayHoldSecret: boolean
}

/** Shows the lines that findings speak of; `textOf` tells what is in a file, or null where that is not known. */
export class Excerpts {
  private readonly textOf: (file: string) => string | null
  private readonly files = new Map<string, Lines | null>()

  constructor(textOf: (file: string) => string | null) {
    this.textOf = textOf
  }

  /** The line, and a caret under what is meant; [] where it would tell nothing, or a secret. */
  of(finding: Finding): readonly string[] {
    const { position, path, resource } = finding
    if (position === null || resource?.kind === 'Secret' || (resource !== null && path.length === 0))
      return []
    const lines = this.linesOf(position.file)
    if (lines === null || (resource === null && lines.mayHoldSecret)) return []
    const written = lines.list[position.line - 1] ?? ''
    if (written.trim() === '') return []
    const at = position.column - 1
    const veiled = veil(written, finding)
    const { shown, caret } = cut(veiled, at)
    const number = String(position.line)
    const underline = '^'.repeat(Math.max(1, Math.min(tokenLength(veiled, at), shown.length - caret)))
    return [`  ${number} | ${shown}`, `  ${' '.repeat(number.length)} | ${' '.repeat(caret)}${underline}`]
  }

  private linesOf(file: string): Lines | null {
    const known = this.files.get(file)
    if (known !== undefined) return known
    const text = this.textOf(file)
    const lines =
      text === null
        ? null
        : { list: text.split('\n'), mayHoldSecret: /kind["']?\s*:\s*["']?Secret\b/.test(text) }
    this.files.set(file, lines)
    return lines
  }
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
