import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { roles } from '../../src/cli/roles.ts'
import { serviceKit } from '../support/service-kit.ts'
import { Services } from '../../src/control/services.ts'
import type { Contribution } from '../../src/snapshot/contribution.ts'
import type { Origin } from '../../src/snapshot/origin.ts'
import { Logger } from '../../src/telemetry/log.ts'
import type { Role } from '../../src/translation/role.ts'
import type { RoleService, ServiceKit, Wants } from '../../src/translation/service.ts'
import type { HeaderModifierConfig } from '../../src/filters/header-modifier.ts'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'

const origin: Origin = {
  resource: 'Notice/default/hello',
  group: 'portcullis.dev',
  role: 'management',
  path: '',
  file: '',
  line: 0,
  column: 0,
}

/** Puts a header with what its service has found out on one rule, and wants to be told of it. */
class Noticing implements RoleService {
  readonly name = 'noticing'
  readonly seen: Wants[] = []
  events: string[] = []
  kit: ServiceKit | null = null

  get role(): Role {
    return {
      name: 'management',
      kinds: [],
      translate: (_, { facts: { notice = null } = {} }): Contribution => {
        const filter: HeaderModifierConfig = {
          type: 'response-headers',
          origin,
          set: [{ name: 'Notice', value: typeof notice === 'string' ? notice : 'none' }],
          add: [],
          remove: [],
        }
        return {
          conditions: [],
          wants: { notice },
          attach: [{ at: { route: 'httproute/default/r' }, filter }],
        }
      },
      services: kit => {
        this.kit = kit
        return [this, new Broken()]
      },
    }
  }

  start(): void {
    this.events.push('start')
  }

  applied(wants: Wants): void {
    this.seen.push(wants)
  }

  async stop(): Promise<void> {
    await Promise.resolve()
    this.events.push('stop')
  }
}

class Broken implements RoleService {
  readonly name = 'broken'

  start(): void {
    throw new Error('out of order')
  }

  applied(): void {
    throw new Error('out of order')
  }

  stop(): Promise<void> {
    return new Promise(() => {})
  }
}

suite('a role beside ingress', () => {
  test('contributes filters, and what its service finds out is in force at once', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const noticing = new Noticing()
    let services: Services | null = null
    await using served = await Served.start(
      {
        'a.yaml': yamlOf(
          gateway([{ name: 'http', port }]),
          httpRoute('r', { rules: [{ backendRefs: [to('b')] }] }),
          backend('b', [upstream.port]),
        ),
      },
      {
        roles: [...roles, noticing.role],
        onApplied: (wants, resources) => services?.applied(wants, resources),
      },
    )
    const lines: string[] = []
    services = new Services(
      [noticing.role],
      serviceKit({
        log: new Logger({ human: false, windowMs: 0, write: line => lines.push(line) }),
        give: (fact, value) => served.controller.give(fact, value),
      }),
    )
    await services.start()
    assert.equal((await send(port, {})).headers['notice'], 'none')
    await noticing.kit!.give('notice', 'closed on Sunday')
    assert.equal((await send(port, {})).headers['notice'], 'closed on Sunday')
    assert.deepEqual(noticing.seen.at(-1), { notice: 'closed on Sunday' })
    await noticing.kit!.give('notice', undefined)
    assert.equal((await send(port, {})).headers['notice'], 'none')
    // One that hangs holds nobody up for longer than it may.
    await services.stop(20)
    assert.deepEqual(noticing.events, ['start', 'stop'])
    assert.match(lines.join(''), /"event":"service.failed".*"service":"broken".*out of order/)
  })
})
