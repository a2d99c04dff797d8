import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createRegistry } from '@bufbuild/protobuf'
import { Type as T } from 'typebox'
import { library } from '../../../test/support/library.ts'
import { defineFilter, defineGateway, grpc, manifestOf, rest, type Gateway } from '../composition.ts'
import type { Backends } from '../backends/backend.ts'
import type { GatewayOptions } from '../routes/gateway.ts'
import type { TranscodeSettings } from '../transcode/transcoder.ts'
import { gatewayOfTranscoding, transcodingOf } from './transcoding.ts'

const service = library.getService('library.Library')!
const backend = grpc(service, {
  url: 'https://library.example/base',
  relay: ['authorization'],
  metadata: { 'x-tenant': 'house' },
  retry: { attempts: 2 },
})

type Options = Omit<GatewayOptions<Backends>, 'backends' | 'routes' | 'failures'>

const gatewayOf = (route: object = {}, options: Options = {}): Gateway =>
  defineGateway({
    backends: { library: backend },
    routes: r => [r.transcode('library', { descriptors: library, ...route } as TranscodeSettings)],
    ...options,
  })

const pass = (): undefined => undefined

suite('a gateway that only transcodes is data', () => {
  for (const [what, gateway] of [
    ['as it is', gatewayOf()],
    ['of the descriptors of its backend', gatewayOf({ descriptors: undefined })],
    ['with times, failures and calls', gatewayOf({ timeoutMs: 500 }, { timeoutMs: Infinity })],
    [
      'with all that may be said of it',
      gatewayOf({
        services: ['library.Library'],
        json: { emitDefaults: true, protoNames: true },
        ignoredParameters: ['x'],
        protocols: ['connect'],
        requestMetadata: ['x-a'],
        answerMetadata: [],
        sockets: { everyMethod: true, origins: ['https://shop.example'] },
      }),
    ],
  ] as const)
    test(what, () => {
      const data = transcodingOf(gateway)
      assert.ok(data !== null)
      const again = gatewayOfTranscoding(structuredClone(data))
      assert.deepEqual(manifestOf(again), manifestOf(gateway))
      const { grpc: declaration, ...settings } = gateway.backends['library']!
      const { grpc: ofAgain, ...same } = again.backends['library']!
      assert.deepEqual(same, settings)
      assert.deepEqual(ofAgain!.idempotent, declaration!.idempotent)
      const optionsOf = ({ routes }: Gateway) => ({ ...routes[0]!.options, descriptors: undefined })
      assert.deepEqual(optionsOf(again), optionsOf(gateway))
    })

  const computed = Object.defineProperty({}, 'emitDefaults', { enumerable: true, get: () => Date.now() > 0 })
  const plain = gatewayOf()
  const touched = gatewayOf()
  for (const [what, gateway] of [
    ['a filter before all routes', gatewayOf({}, { before: [pass] })],
    ['a filter behind them', gatewayOf({}, { after: [pass] })],
    ['a filter of the route', gatewayOf({ before: [pass] })],
    ['one behind it', gatewayOf({ after: [pass] })],
    ['a setting that is computed', gatewayOf({ json: computed })],
    [
      'a setting of a class',
      gatewayOf({
        json: new (class Settings {
          emitDefaults = true
        })(),
      }),
    ],
    ['messages that are long', gatewayOf({}, { limitBytes: 5 * 2 ** 20 })],
    ['a copy of it', { ...plain }],
    ['one of other filters', { ...plain, before: [pass] }],
    ['types of fewer than a file', gatewayOf({ descriptors: createRegistry(service) })],
    [
      'another kind of route',
      defineGateway({
        backends: { library: backend },
        routes: r => [r.get('/own', { out: T.Null(), run: () => null }), r.transcode('library')],
      }),
    ],
    [
      'another kind of backend',
      defineGateway({
        backends: { library: backend, a: rest<never>({ url: 'http://a' }) },
        routes: r => [r.transcode('library')],
      }),
    ],
    [
      'long answers of a backend',
      defineGateway({
        backends: { library: grpc(service, { url: 'h2c://a', limitBytes: 5 * 2 ** 20 }) },
        routes: r => [r.transcode('library')],
      }),
    ],
    ['a filter of a route', defineFilter({ request: pass })],
  ] as const)
    test(`not with ${what}`, () => assert.equal(transcodingOf(gateway as Gateway), null))

  test('and nobody puts anything else into it', () => {
    assert.throws(() => Object.assign(touched, { before: [pass] }), TypeError)
    assert.throws(() => Object.assign(touched.routes[0]!, { options: {} }), TypeError)
    assert.throws(() => Object.assign(touched.routes[0]!.template!, { match: () => ({}) }), TypeError)
    assert.throws(() => (touched.routes as unknown[]).push(plain.routes[0]), TypeError)
  })
})
