import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Resources } from '../model/resources.ts'
import { Logger } from '../telemetry/log.ts'
import type { Role } from '../translation/role.ts'
import type { ServiceKit } from '../translation/service.ts'
import { Services } from './services.ts'

test('a service that has been stopped is told of no change that was under way', async () => {
  const events: string[] = []
  const role: Role = {
    name: 'mesh',
    kinds: [],
    translate: () => ({ conditions: [] }),
    services: () => [
      {
        name: 'told',
        start: () => void events.push('start'),
        applied: () => events.push('applied'),
        stop: () => void events.push('stop'),
      },
    ],
  }
  const services = new Services([role], { log: new Logger() } as ServiceKit)
  await services.start()
  services.applied({}, Resources.of([]))
  await services.stop(1000)
  services.applied({}, Resources.of([]))
  assert.deepEqual(events, ['start', 'applied', 'stop'])
})
