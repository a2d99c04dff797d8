import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { AdminToken } from '../../admin/access/token.ts'
import { AdminListener, type AdminView } from '../../admin/listener.ts'
import { listenReason } from '../../control/port-errors.ts'
import { log } from '../../telemetry/log.ts'
import type { RunOptions } from '../command/options.ts'
import type { DataDirectory } from './data-directory.ts'

/** The port, where one is wanted, and the socket, where there is a folder for it; without the port there is nothing to stay for. */
export async function openAdmin(
  options: RunOptions,
  data: DataDirectory | null,
  view: Omit<AdminView, 'token'>,
): Promise<AdminListener | 'failed'> {
  const token = options.admin === null ? null : tokenOf(options, data)
  const admin = new AdminListener({ ...view, ...(token && { token }) })
  if (options.admin !== null && !(await listen(admin, options.admin))) return 'failed'
  if (data !== null) await listenOnSocket(admin, data)
  return admin
}

async function listen(
  admin: AdminListener,
  { host, port }: NonNullable<RunOptions['admin']>,
): Promise<boolean> {
  try {
    await admin.listen(host, port)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const message = `cannot listen on ${host}:${port} for /readyz and /metrics: ${listenReason(code)}; choose another by --admin HOST:PORT, or --admin off`
    log.error('admin.failed', { message })
    return false
  }
}

async function listenOnSocket(admin: AdminListener, data: DataDirectory): Promise<void> {
  try {
    const file = data.socket()
    await admin.listenOnSocket(file)
    chmodSync(file, 0o600)
  } catch (error) {
    // As of a path that is longer than the system has sockets' (107 bytes).
    const reason = error instanceof Error ? error.message : String(error)
    log.warn('admin.no_socket', { message: `commands cannot ask this gateway by its socket: ${reason}` })
  }
}

export function secretsFolder({ secretsDir, dataDir }: Pick<RunOptions, 'secretsDir' | 'dataDir'>): string {
  return secretsDir || join(dataDir, 'secrets')
}

/** Where nobody can have a token, nobody has what needs one; the rest is served. */
function tokenOf({ secretsDir, dataDir }: RunOptions, data: DataDirectory | null): AdminToken | null {
  const file = join(secretsFolder({ secretsDir, dataDir }), 'admin-token')
  // That there is no folder has been told; where another process has it, its token is ours too.
  if (data === null && secretsDir === '' && !existsSync(file)) return null
  const token = new AdminToken(file)
  const { made, fault } = token.open()
  if (made) log.info('admin.token_made', { file })
  if (fault !== null) log.warn('admin.token_unusable', { file, message: fault })
  return token
}
