/**
 * What the main thread does between a change of a file and the message to the workers, by phase: milliseconds of wall
 * time, the median of some changes. `node bench/micro/reload.ts [changes]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { kinds } from '../../src/cli/roles.ts'
import { FileSource } from '../../src/control/files/file-source.ts'
import { scan } from '../../src/model/scan.ts'
import type { LoadResult } from '../../src/model/loaded.ts'
import { translate } from '../../test/support/translate.ts'
import { onlyEndpointsChanged } from '../../src/snapshot/diff.ts'
import type { SnapshotParts } from '../../src/snapshot/snapshot.ts'

const changes = Number(process.argv[2] ?? 7)
const PREFIXES = 10_000

const base = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: portcullis
  listeners:
    - { name: http, port: 8080, protocol: HTTP }
---
`
const backend = (port: number): string => `apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec:
  endpoints:
    - { address: 127.0.0.1, port: ${port} }
---
`

/** The n-th object, with `rules` of the prefixes. */
function route(n: number, rules: number, version: number): string {
  const list = Array.from({ length: rules }, (_, i) => {
    const prefix = n * rules + i
    return `    - matches:
        - path: { type: PathPrefix, value: /p${prefix}${i === 0 ? `/v${version}` : ''} }
      backendRefs:
        - { group: portcullis.dev, kind: Backend, name: up }
`
  }).join('')
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: r${n}
spec:
  parentRefs:
    - name: gw
  rules:
${list}---
`
}

type Files = Record<string, string>
/** What is written at the start, and by the n-th change. */
type Layout = (change: number) => Files

const oneFile =
  (rules: number): Layout =>
  change => {
    const routes = Array.from({ length: PREFIXES / rules }, (_, n) => route(n, rules, n === 100 ? change : 0))
    return { 'all.yaml': base + backend(9000) + routes.join('') }
  }

const folder: Layout = change => {
  if (change > 0) return { 'r100.yaml': route(100, 16, change) }
  const routes = Array.from({ length: PREFIXES / 16 }, (_, n) => [`r${n}.yaml`, route(n, 16, 0)] as const)
  return { 'base.yaml': base, 'up.yaml': backend(9000), ...Object.fromEntries(routes) }
}

const cases: Readonly<Record<string, Layout>> = {
  'one file of 10,000 objects': oneFile(1),
  'one file of 625 objects': oneFile(16),
  'the same, all lines moved': change => {
    const { 'all.yaml': text = '' } = oneFile(1)(change)
    return { 'all.yaml': '# a line more\n'.repeat(change) + text }
  },
  '625 files of one object': folder,
  '625 files, an endpoint': change => (change > 0 ? { 'up.yaml': backend(9000 + change) } : folder(0)),
}

class Phases {
  private readonly spent = new Map<string, number[]>()

  of<T>(name: string, act: () => T): T {
    const began = performance.now()
    const result = act()
    const list = this.spent.get(name) ?? []
    list.push(performance.now() - began)
    this.spent.set(name, list)
    return result
  }

  toString(): string {
    return [...this.spent].map(([name, list]) => `${name} ${median(list).toFixed(1)}`).join(', ')
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
}

function write(dir: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(dir, '.new'), text)
    renameSync(join(dir, '.new'), join(dir, name))
  }
}

for (const [name, layout] of Object.entries(cases)) {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-'))
  mkdirSync(join(dir, 'in'))
  const phases = new Phases()
  const start = new Phases()
  const totals: number[] = []
  const cpu: number[] = []
  write(join(dir, 'in'), layout(0))
  const source = new FileSource([join(dir, 'in')], kinds)
  let load: LoadResult = start.of('load', () => source.load())
  let parts: SnapshotParts = start.of('translate', () => translate(load.resources).parts)
  if (load.problems.length > 0) throw new Error(JSON.stringify(load.problems[0]))
  for (let change = 1; change <= changes; change++) {
    const files = layout(change)
    write(join(dir, 'in'), files)
    phases.of('(scan', () => scan([join(dir, 'in')]))
    phases.of('read)', () => Object.keys(files).map(file => readFileSync(join(dir, 'in', file), 'utf8')))
    const usage = process.cpuUsage()
    const began = performance.now()
    load = phases.of('load', () => source.load())
    const next = phases.of('translate', () => translate(load.resources).parts)
    phases.of('diff', () => onlyEndpointsChanged(parts, next))
    phases.of('clone', () => serialize(next))
    totals.push(performance.now() - began)
    const { user, system } = process.cpuUsage(usage)
    cpu.push((user + system) / 1000)
    parts = next
  }
  console.log(`${name}: ${median(totals).toFixed(0)} ms, CPU ${median(cpu).toFixed(0)} ms: ${String(phases)}`)
  console.log(`  at the start: ${String(start)}`)
  rmSync(dir, { recursive: true })
}
