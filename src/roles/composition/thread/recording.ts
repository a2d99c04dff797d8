import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { Backends } from '../../../composition/backends/backend.ts'
import { keyOf, RECORDED, type Fixture, type Recorded } from '../../../composition/recording/fixture.ts'
import { Recorder } from '../../../composition/recording/recorder.ts'
import { Secrets } from '../../../composition/recording/secrets.ts'
import { RECORD_VARIABLE, type RecordTask } from '../../../composition/recording/task.ts'
import type { Transport } from '../../../composition/transport/transport.ts'
import { log } from '../../../telemetry/log.ts'

/** The transport itself, or where fixtures are wanted one that writes them. */
export function recorded(transport: Transport, backends: Backends, composition: string): Transport {
  const text = process.env[RECORD_VARIABLE]
  if (text === undefined) return transport
  const { folder, hidden } = JSON.parse(text) as RecordTask
  const secrets = new Secrets(hidden)
  write(folder, RECORDED, { hidden: secrets.names } satisfies Recorded)
  return new Recorder(transport, {
    backends,
    secrets,
    keep: fixture => {
      const file = fileOf(fixture)
      write(folder, file, fixture)
      log.info('composition.recorded', { composition, call: fixture.call, file })
    },
    leave: (call, why) => log.warn('composition.unrecorded', { composition, call, why }),
  })
}

/** The same request has the same file: what is recorded again takes its place. */
function fileOf({ call, request }: Fixture): string {
  const [backend = '', ...rest] = call.split(' ')
  const name = rest
    .join(' ')
    .replaceAll(/[^\w-]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  const hash = createHash('sha256').update(keyOf(call, request)).digest('hex').slice(0, 8)
  return join(backend, `${name}-${hash}.json`)
}

/** Who reads it meanwhile has the old one or the new one. */
function write(folder: string, name: string, value: object): void {
  const file = join(folder, name)
  mkdirSync(join(file, '..'), { recursive: true })
  const hidden = `${file}.${threadId}.new`
  writeFileSync(hidden, `${JSON.stringify(value, null, 2)}\n`)
  renameSync(hidden, file)
}
