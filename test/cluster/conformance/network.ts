import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Of the node that Pods are on. The API server refuses loopback addresses as those of endpoints. */
export const NODE_ADDRESS = '10.244.0.1'
/** Any of these can be listened on, as if each were an address of this machine. */
const GATEWAYS = '10.245.0.0/16'

const INSIDE = 'PORTCULLIS_BED'
/** Of the user's own where he is not root. */
const NAMESPACES = ['--net', '--pid', '--mount', '--fork', '--mount-proc', '--kill-child']

/** The nth of those that Gateways are given. */
export function gatewayAddress(n: number): string {
  return `10.245.${n >> 8}.${n & 255}`
}

export function isGatewayAddress(address: string): boolean {
  return address.startsWith('10.245.')
}

/** The nth of those that Pods are given. */
export function podAddress(n: number): string {
  return `10.244.${1 + (n >> 8)}.${n & 255}`
}

export function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/**
 * Runs this program again where it has network, processes and temporary files to itself, so that nothing of it is seen
 * outside and nothing of it outlives it. False, with the exit code set, in the outer program, which has nothing more to do.
 */
export async function isInside(): Promise<boolean> {
  if (process.env[INSIDE] !== undefined) {
    ip('link', 'set', 'lo', 'up')
    ip('link', 'add', 'br0', 'type', 'bridge')
    ip('addr', 'add', `${NODE_ADDRESS}/16`, 'dev', 'br0')
    ip('link', 'set', 'br0', 'up')
    ip('route', 'add', 'local', GATEWAYS, 'dev', 'lo')
    // As docs/OPERATIONS.md has it: what waits on a socket that closes goes to another worker's.
    writeFileSync('/proc/sys/net/ipv4/tcp_migrate_req', '1')
    return true
  }
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bed-'))
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const inner = spawn('unshare', [...user, ...NAMESPACES, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1', TMPDIR: folder },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => inner.kill(signal))
  const [code] = (await once(inner, 'exit')) as [number | null]
  rmSync(folder, { recursive: true, force: true })
  process.exitCode = code ?? 1
  return false
}

/** Gives a process that `unshare --net` has just begun a network with this address, from which others can be reached. */
export async function wire(pid: number, name: string, address: string): Promise<void> {
  const network = (of: number | 'self'): string => readlinkSync(`/proc/${of}/ns/net`)
  while (network(pid) === network('self')) await setTimeout(5)
  const within = (...args: readonly string[]): void => {
    execFileSync('nsenter', ['--target', String(pid), '--net', 'ip', ...args], { stdio: 'ignore' })
  }
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid))
  ip('link', 'set', name, 'master', 'br0', 'up')
  within('link', 'set', 'lo', 'up')
  within('addr', 'add', `${address}/16`, 'dev', 'eth0')
  within('link', 'set', 'eth0', 'up')
  within('route', 'add', 'default', 'via', NODE_ADDRESS)
}
