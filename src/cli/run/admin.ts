import { join } from 'node:path'
import { AdminToken } from '../../admin/access/token.ts'
import { AdminListener, type AdminView } from '../../admin/listener.ts'
import { listenReason } from '../../control/port-errors.ts'
import { log } from '../../telemetry/log.ts'
import type { HostPort } from '../command/values.ts'

/** Null where it is not wanted. */
export async function openAdmin(
  where: HostPort | null,
  secretsDir: string,
  view: Omit<AdminView, 'token'>,
): Promise<AdminListener | 'failed' | null> {
  if (where === null) return null
  const { host, port } = where
  const token = new AdminToken(join(secretsDir, 'admin-token'))
  const admin = new AdminListener({ ...view, token })
  try {
    await admin.listen(host, port)
    tellOf(token)
    return admin
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const message = `cannot listen on ${host}:${port} for /readyz and /metrics: ${listenReason(code)}; choose another by --admin HOST:PORT, or --admin off`
    log.error('admin.failed', { message })
    return 'failed'
  }
}

/** Where nobody can have a token, nobody has what needs one; the rest is served. */
function tellOf(token: AdminToken): void {
  const { made, fault } = token.open()
  const { file } = token
  if (made) log.info('admin.token_made', { file })
  if (fault !== null) log.warn('admin.token_unusable', { file, message: fault })
}
