import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

// Debian keeps servers where an ordinary user's PATH does not look.
const extra = ['/usr/sbin', '/usr/local/sbin', '/sbin', ...globSync('/usr/lib/postgresql/*/bin')]

/** The full path of a program on this machine, or null. */
export function findPeer(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extra]
  const places = folders.filter(folder => folder !== '').map(folder => join(folder, program))
  return places.find(isExecutable) ?? null
}

/**
 * The full path of a program that a test needs (`nginx`, `curl` …). Where it is
 * missing, the test is skipped with the reason and this returns null; with CI
 * set it throws instead, because there a skipped proof would pass for one.
 */
export function requirePeer(t: Pick<TestContext, 'skip'>, program: string): string | null {
  const path = findPeer(program)
  if (path !== null) return path
  const reason = `${program} is not installed (${sources[program] ?? `Debian: apt-get install ${packages[program] ?? program}`})`
  if (process.env['CI']) throw new Error(`${reason}, and CI must not skip`)
  t.skip(reason)
  return null
}

const packages: Readonly<Record<string, string>> = {
  h2load: 'nghttp2-client',
  nginx: 'nginx-light',
  postgres: 'postgresql',
  taskset: 'util-linux',
}
/** Where those come from that Debian does not have. */
const sources: Readonly<Record<string, string>> = {
  h2spec: 'see .ci/run',
  kube: 'see .ci/run',
  pebble: 'see .ci/run',
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
