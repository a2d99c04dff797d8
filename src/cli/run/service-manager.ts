import { log } from '../../telemetry/log.ts'

/**
 * Tells systemd what becomes of this process (sd_notify(3)), where it is a service of `Type=notify`: "active" then
 * means that requests are served. By systemd's own program, since Node.js has no datagrams on Unix sockets; the unit
 * has NotifyAccess=all for it. Elsewhere it does nothing. Nobody waits for it, and it never throws.
 */
export function tellServiceManager(state: 'ready' | 'stopping', status: string): void {
  if (!process.env['NOTIFY_SOCKET']) return
  // To load it costs 2 ms and more, and most have no use for it.
  const { spawn } = process.getBuiltinModule('node:child_process')
  const what = state === 'ready' ? '--ready' : 'STOPPING=1'
  const child = spawn('systemd-notify', [what, `--status=${status}`], { stdio: 'ignore' })
  const failed = (reason: string): void =>
    log.warn('service_manager.failed', {
      message: `systemd-notify, which tells systemd: ${status}: ${reason}`,
    })
  child.on('error', error => failed(error.message))
  child.on('exit', code => {
    if (code !== null && code !== 0) failed(`exit code ${code}`)
  })
  child.unref()
}
