import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'

/** What came of each test. */
export interface Outcome {
  readonly passed: ReadonlySet<string>
  readonly failed: ReadonlySet<string>
  /** False where the suite did not come to its end. */
  readonly ended: boolean
}

/** A profile of the suite's own report. */
interface Profile {
  readonly name: string
  readonly core: Part
  readonly extended?: Part & { readonly unsupportedFeatures?: readonly string[] }
}

interface Part {
  readonly statistics: { readonly Passed: number; readonly Failed: number; readonly Skipped: number }
  readonly failedTests?: readonly string[]
}

export interface SuiteOptions {
  /** The test binary. */
  readonly program: string
  readonly kubeconfig: string
  readonly args: readonly string[]
  /** Where log and report go. */
  readonly folder: string
}

const USABLE = '10.245.200.1'
const UNUSABLE = '192.0.2.77'

/** Runs the suite, and tells of each test as it ends. By its log: a report may be written before a test has run. */
export async function runSuite({ program, kubeconfig, args, folder }: SuiteOptions): Promise<Outcome> {
  const own = [
    '-test.v',
    '-test.timeout=110m',
    '-test.run=^TestConformance$',
    '--gateway-class=portcullis',
    `--usable-address=${USABLE}`,
    `--unusable-address=${UNUSABLE}`,
    '--cleanup-base-resources=false',
    '--organization=portcullis',
    '--project=portcullis',
    '--url=https://portcullis.dev/',
    '--version=dev',
    '--contact=https://portcullis.dev/',
    `--report-output=${join(folder, 'report.yaml')}`,
  ]
  const child = spawn(program, [...own, ...args], {
    cwd: folder,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(folder, 'suite.log'))
  const passed = new Set<string>()
  const failed = new Set<string>()
  const read = (line: string): void => {
    log.write(`${line}\n`)
    const [, result, test = '', seconds = ''] =
      /^ {4}--- (PASS|FAIL): TestConformance\/(\w+) \(([\d.]+)s\)$/.exec(line) ?? []
    if (result === undefined) return
    ;(result === 'PASS' ? passed : failed).add(test)
    process.stdout.write(`${result} ${test} ${seconds} s\n`)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', read)
  const [code] = (await once(child, 'close')) as [number | null]
  await new Promise<void>(resolve => log.end(resolve))
  return { passed, failed, ended: code === 0 || (code === 1 && failed.size > 0) }
}

/** Numbers of each profile: `GATEWAY-HTTP core 40/40, extended 60/64`. Extended counts what is claimed. */
export function profilesOf(folder: string): readonly string[] {
  const file = join(folder, 'report.yaml')
  if (!existsSync(file)) return []
  const { profiles = [] } = parse(readFileSync(file, 'utf8')) as { readonly profiles?: readonly Profile[] }
  return profiles.map(({ name, core, extended }) => {
    const unclaimed = extended?.unsupportedFeatures ?? []
    const rest = unclaimed.length === 0 ? '' : `; not claimed: ${unclaimed.join(', ')}`
    return `${name} core ${share(core)}${extended === undefined ? '' : `, extended ${share(extended)}`}${rest}`
  })
}

function share({ statistics: { Passed, Failed, Skipped } }: Part): string {
  return `${Passed}/${Passed + Failed + Skipped}`
}

/** What differs between what came and what the list expects; tests that did not run differ in nothing. */
export function differences(
  { passed, failed, ended }: Outcome,
  expected: ReadonlySet<string>,
): readonly string[] {
  return [
    ...(ended ? [] : ['the suite did not come to its end']),
    ...(passed.size + failed.size === 0 ? ['no test has run'] : []),
    ...[...failed.difference(expected)].map(test => `${test} failed`),
    ...[...passed.intersection(expected)].map(test => `${test} passes, and is expected to fail`),
  ]
}

/** `TestName reason` a line. */
export function expectedFailures(file: string): ReadonlySet<string> {
  const lines = readFileSync(file, 'utf8').split('\n')
  return new Set(lines.flatMap(line => /^\w+/.exec(line) ?? []))
}
