import type { Server } from 'node:http'
import { startAdmin, type AdminView } from '../../admin/listener.ts'
import { listenReason } from '../../control/port-errors.ts'
import { log } from '../../telemetry/log.ts'
import type { HostPort } from '../command/values.ts'

export async function openAdmin({ host, port }: HostPort, view: AdminView): Promise<Server | 'failed'> {
  try {
    return await startAdmin(host, port, view)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const message = `cannot listen on ${host}:${port} for /readyz and /metrics: ${listenReason(code)}; choose another by --admin HOST:PORT, or --admin off`
    log.error('admin.failed', { message })
    return 'failed'
  }
}
