import { existsSync } from 'node:fs'

/** Of every system that has `execve`, by POSIX. */
const SHELL = '/bin/sh'

/**
 * Ends the process at once with this exit code, whatever it still has open. Listeners of `exit` are not called, and what
 * is written to pipes and files has been written.
 *
 * `process.exit` waits for threads that compile, and one of those can be waiting for this thread to collect garbage: both
 * then wait for ever (nodejs/node#54918; once in 200 ends of a short, busy process). Here the kernel ends the threads: the
 * process becomes a shell that exits. Who has nothing open sets `process.exitCode` instead.
 */
export function leave(code: number): never {
  if (existsSync(SHELL)) process.execve?.(SHELL, ['sh', '-c', `exit ${code}`], {})
  // oxlint-disable-next-line unicorn/no-process-exit -- where there is no such call (Windows)
  process.exit(code)
}
