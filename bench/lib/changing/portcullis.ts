import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { CHANGED, GROUP, GROUPS, prefixes } from './changing.ts'
import type { Changer, World } from './changing.ts'
import { replace, replaceSync } from './write.ts'

/** How the prefixes are laid out in files. */
interface Layout {
  readonly name: string
  /** Files by name; those of the n-th change that differ from the one before where `only` is true. */
  files(change: number, only: boolean): Readonly<Record<string, string>>
}

const standard = 'gateway.networking.k8s.io/v1'

/** One object with these prefixes, as people write it. */
function route(name: string, paths: readonly string[]): string {
  const rules = paths.map(
    path => `    - matches:
        - path: { type: PathPrefix, value: ${path} }
      backendRefs:
        - { group: portcullis.dev, kind: Backend, name: backend }
`,
  )
  return `apiVersion: ${standard}
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: bench }]
  rules:
${rules.join('')}`
}

function groups(change: number, size: number): string[] {
  const all = prefixes(change)
  return Array.from({ length: all.length / size }, (_, n) =>
    route(`r${n}`, all.slice(n * size, (n + 1) * size)),
  )
}

const layouts: readonly Layout[] = [
  {
    name: `${GROUPS} files`,
    files(change, only) {
      const all = groups(change, GROUP).map((text, n) => [`r${n}.yaml`, text] as const)
      return Object.fromEntries(only ? [all[CHANGED]!] : all)
    },
  },
  {
    name: `one file of ${GROUPS} objects`,
    files: change => ({ 'all.yaml': groups(change, GROUP).join('---\n') }),
  },
  { name: 'one file of 10,000 objects', files: change => ({ 'all.yaml': groups(change, 1).join('---\n') }) },
]

export const ours: readonly Changer[] = layouts.map(layout => ({
  name: `portcullis, ${layout.name}`,
  program: null,
  prepare(world) {
    const folder = join(world.dir, 'resources')
    mkdirSync(folder)
    const files = {
      'base.yaml': gateway(world),
      'backend.yaml': backend(world.backends[0]),
      ...layout.files(0, false),
    }
    for (const [name, text] of Object.entries(files)) replaceSync(join(folder, name), text)
    const flags = ['--workers', '1', '--log-level', 'warn', '--data', join(world.dir, 'data')]
    const admin = `127.0.0.1:${world.adminPort}`
    return {
      command: [world.program, 'run', folder, ...flags, '--access-log', 'off', '--admin', admin],
      async changeRoute(n) {
        for (const [name, text] of Object.entries(layout.files(n, true)))
          await replace(join(folder, name), text)
      },
      changeEndpoint: to => replace(join(folder, 'backend.yaml'), backend(world.backends[to])),
    }
  },
}))

function gateway({ port }: World): string {
  return `apiVersion: ${standard}
kind: Gateway
metadata: { name: bench }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: bench, protocol: HTTP, port: ${port} }]
`
}

function backend(port: number): string {
  return `apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: backend }
spec: { endpoints: [{ address: 127.0.0.1, port: ${port} }] }
`
}
