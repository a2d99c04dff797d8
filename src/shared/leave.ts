/**
 * Ends the process at once with this exit code, whatever it still has open. Listeners of `exit` are not called, and what
 * is written to pipes and files has been written.
 *
 * `process.exit` waits for threads that compile, and one of those can be waiting for this thread to collect garbage: both
 * then wait for ever (nodejs/node#54918; once in 200 ends of a short, busy process). Here the kernel ends the threads: the
 * process becomes a Node.js with nothing to do, which ends by itself. Who has nothing open sets `process.exitCode` instead.
 */
export function leave(code: number): never {
  const args = [process.execPath, '--eval', `process.exitCode = ${code}`]
  process.execve?.(process.execPath, args, { ...process.env, NODE_OPTIONS: '' })
  // oxlint-disable-next-line unicorn/no-process-exit -- where there is no such call (Windows)
  process.exit(code)
}
