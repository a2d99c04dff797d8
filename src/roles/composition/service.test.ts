import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { serviceKit } from '../../../test/support/service-kit.ts'
import { Composition } from '../../model/kinds/composition.ts'
import { Resources } from '../../model/resources.ts'
import { Logger } from '../../telemetry/log.ts'
import { BUNDLES } from '../../translation/compositions.ts'
import type { BundleFacts } from './facts.ts'
import { Compositions } from './service.ts'

/** One that needs no thread to say what it is. */
function composition(name: string, at: Composition['at'] = () => null): Composition {
  const routes = [{ path: '/', parts: { a: { value: 1 } } }]
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: Composition.kind,
    metadata: { name, namespace: 'default' },
    body: { spec: { aggregate: { backends: {}, routes } } },
    at,
  }
}

const broken = (): never => {
  throw new Error('nobody expects this')
}

/** The service with these declared one after another, and what it has logged and given when it has come to rest. */
async function declared(
  lists: readonly (readonly Composition[])[],
  give = (_: BundleFacts): Promise<void> => Promise.resolve(),
): Promise<{ readonly log: string; readonly known: readonly string[] }> {
  let log = ''
  let known: readonly string[] = []
  const service = new Compositions(
    serviceKit({
      log: new Logger({ human: false, windowMs: 0, write: line => void (log += line) }),
      give: (fact, value) => {
        assert.equal(fact, BUNDLES)
        known = [...(value as BundleFacts).keys()]
        return give(value as BundleFacts)
      },
    }),
  )
  for (const list of lists) {
    service.applied({}, Resources.of(list, [], []))
    await service.ready()
  }
  service.stop()
  await service.ended()
  return { log, known }
}

// A rejection that nobody handles fails the test, as it would end the process.
suite('what is wrong with one composition', () => {
  test('it does not keep the others from being run, then or later', async () => {
    const mistaken = composition('mistaken', broken)
    const { log, known } = await declared([
      [mistaken, composition('first')],
      [mistaken, composition('first'), composition('second')],
    ])
    assert.deepEqual(known, ['default/first', 'default/second'])
    assert.match(log, /composition\.failed.*default\/mistaken.*nobody expects this/)
  })

  test('what nobody awaits is told: of facts that are not taken, and of one that is declared no more', async () => {
    const { log } = await declared([[composition('first')], []], () =>
      Promise.reject(new Error('nobody expects this')),
    )
    assert.match(log, /composition\.refused.*default\/first.*nobody expects this/)
    assert.match(log, /composition\.failed.*default\/first.*nobody expects this/)
  })
})
