import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Peer } from '../peer.ts'

const folder = fileURLToPath(new URL('../../composed/spring', import.meta.url))
let built = false

/** Spring Cloud Gateway with controllers, on one thread of its loop and the collector that a JVM of one core takes. */
export const spring: Peer = {
  name: 'spring',
  program: 'mvn',
  takes: ({ composed }) => composed !== 'notes',
  does: given => (given.composed === null ? null : given),
  version: ['--version'],
  prepare({ program, port, backendPort }) {
    // Maven asks its registry for what it has not got yet.
    if (!built)
      execFileSync(program, ['-q', '-B', '-ntp', 'package', '-f', folder], { stdio: ['ignore', 2, 2] })
    built = true
    const machine = ['-XX:ActiveProcessorCount=1', '-Xmx1g', '-Dreactor.netty.ioWorkerCount=1']
    const settings = [`--server.port=${port}`, `--bench.backend=http://127.0.0.1:${backendPort}`]
    return { command: ['java', ...machine, '-jar', join(folder, 'target/pages-1.jar'), ...settings] }
  },
}
