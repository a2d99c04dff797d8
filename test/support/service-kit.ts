import { fail } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds } from '../../src/cli/roles.ts'
import { systemCalendar } from '../../src/control/controller.ts'
import { NodeState } from '../../src/shared/node-state.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'
import type { ServiceKit } from '../../src/translation/service.ts'

/** What a service is given in a process that has no workers, no folder and no listener, but for what is given. */
export function serviceKit(given: Partial<ServiceKit> = {}): ServiceKit {
  const state = new NodeState()
  return {
    log: new Logger({ human: false, windowMs: 0, write: () => {} }),
    calendar: systemCalendar,
    metrics: new MetricsWriter(undefined, () => {}),
    settings: {
      dataDir: '',
      hasData: false,
      certificatesDir: '',
      // "" would be where the tests run: peppers in the working tree, and soon in a commit.
      secretsDir: mkdtempSync(join(ofThisProcess(), 'secrets-')),
      environment: 'live',
      store: '',
      counters: '',
    },
    give: () => Promise.resolve(),
    tables: state.tables,
    counters: (name, whose) => state.counters(name, whose),
    sharedUs: () => state.sharedUs(),
    listen: () => {},
    declared: () => null,
    served: () => null,
    threads: { begin: () => fail('no thread is begun'), lodge: () => fail('no thread is begun') },
    process: { resource: { 'service.name': 'portcullis' }, version: '1' },
    tellVerdicts: () => {},
    kinds,
    serve: () => {},
    addApi: () => {},
    keepAccounts: () => {},
    ...given,
  }
}

let folder: string | null = null

/** Gone with it: who has a kit needs not know that it has a folder. */
function ofThisProcess(): string {
  if (folder === null) {
    const made = (folder = mkdtempSync(join(tmpdir(), 'portcullis-kits-')))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return folder
}
