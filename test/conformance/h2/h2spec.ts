import { execFile } from 'node:child_process'

/** What h2spec says of a server: how many cases it ran, and those that failed. */
export interface Verdict {
  readonly tests: number
  readonly passed: number
  /** `5.1.1/2`: section and number of the case. */
  readonly failed: readonly string[]
  /** All that it printed, for whoever has to find out why. */
  readonly text: string
}

/** Runs every case of h2spec in strict mode against a port of this machine. */
export function h2spec(program: string, port: number, ...more: readonly string[]): Promise<Verdict> {
  const args = ['--strict', '-h', '127.0.0.1', '-p', String(port), '-o', '5', ...more]
  return new Promise(resolve => {
    // Its exit code is 1 where a case has failed.
    execFile(program, args, { maxBuffer: 2 ** 24 }, (_error, stdout) => resolve(verdict(stdout)))
  })
}

function verdict(text: string): Verdict {
  const [, tests = '0', passed = '0'] = /(\d+) tests, (\d+) passed/.exec(text) ?? []
  // Failures are listed a second time, each under its section.
  const report = text.slice(text.indexOf('Failures:'))
  const failed: string[] = []
  let section = ''
  for (const line of text.includes('Failures:') ? report.split('\n') : []) {
    section = /^\s*(\d[\d.]*)\. /.exec(line)?.[1] ?? section
    const number = /× (\d+): /.exec(line)?.[1]
    if (number !== undefined) failed.push(`${section}/${number}`)
  }
  return { tests: Number(tests), passed: Number(passed), failed, text }
}
