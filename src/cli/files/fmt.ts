import { readFileSync, realpathSync, statSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { attempt, reason, scan } from '../../model/scan.ts'
import { formatProblem } from '../../model/problem.ts'
import { writeWhole } from '../command/write.ts'
import { formatJson, formatYaml } from './format.ts'

export interface FmtOptions {
  /** Files and folders; `-` is standard input, to standard output. */
  readonly paths: readonly string[]
  /** Nothing is written; 1 where a file would be. */
  readonly check: boolean
}

/** `portcullis fmt`: 0, or 1 where a file cannot be formatted, or with `check` is not. */
export async function fmt({ paths, check }: FmtOptions): Promise<number> {
  if (paths.length === 1 && paths[0] === '-') return fmtInput()
  const { files, problems } = scan(paths)
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  const outcomes = files.map(({ name }) => fmtFile(name, check))
  return problems.length > 0 || outcomes.includes('failed') || (check && outcomes.includes('changed')) ? 1 : 0
}

async function fmtInput(): Promise<number> {
  const formatted = formatYaml(await text(process.stdin))
  if (typeof formatted !== 'string') process.stderr.write(`standard input ${formatted.wrong}\n`)
  else process.stdout.write(formatted)
  return typeof formatted === 'string' ? 0 : 1
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NOT_UTF8 = 'is not UTF-8, expected text in UTF-8'

function fmtFile(name: string, check: boolean): 'same' | 'changed' | 'failed' {
  const before = attempt(() => utf8.decode(readFileSync(name)))
  if (before instanceof Error) {
    process.stderr.write(`${name} ${before instanceof TypeError ? NOT_UTF8 : reason(before)}\n`)
    return 'failed'
  }
  const formatted = name.endsWith('.json') ? formatJson(before) : formatYaml(before)
  if (typeof formatted !== 'string') {
    process.stderr.write(`${name} ${formatted.wrong}\n`)
    return 'failed'
  }
  if (formatted === before) return 'same'
  process.stdout.write(`${name}\n`)
  // A file that a link stands for stays where it is, and a Secret that only its owner may read stays so.
  if (!check) writeWhole(realpathSync(name), formatted, statSync(name).mode & 0o777)
  return 'changed'
}
