import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Folder } from '../../../../test/support/process.ts'
import { extract } from './extract.ts'

const bundle = (more: string): string => `
import { createServer } from 'node:http'
import { defineGateway, grpc, registryOfProtos } from 'portcullis/composition'

const descriptors = registryOfProtos(['a.proto'], [import.meta.dirname])
export const gateway = defineGateway({
  backends: { a: grpc(descriptors.getService('A')!, { url: 'h2c://a' }) },
  routes: r => [r.transcode('a')],
})
${more}
`

const proto = 'syntax = "proto3"; message M {} service A { rpc Say(M) returns (M); }'

suite('a bundle that only transcodes, and what it leaves going when it is loaded', () => {
  for (const [what, more, isData] of [
    ['nothing', '', true],
    ['a timer that has been stopped', 'clearInterval(setInterval(() => {}, 1000))', true],
    ['what it has waited for', 'await new Promise(resolve => setTimeout(resolve, 5))', true],
    ['a timer', 'setInterval(() => {}, 1000)', false],
    ['a timer that keeps nobody', 'setInterval(() => {}, 1000).unref()', false],
    ['a server', "createServer().listen(0, '127.0.0.1').unref()", false],
    ['a listener of the process', "process.on('beforeExit', () => {})", false],
    [
      'a timer that is begun behind a promise',
      'void Promise.resolve().then(() => setTimeout(() => {}, 9000))',
      false,
    ],
  ] as const)
    test(`${what}: ${isData ? 'is data' : 'is code'}`, async () => {
      using folder = new Folder({ 'a.gateway.ts': bundle(more), 'a.proto': proto })
      const limits = { heapBytes: 256 * 1024 * 1024 }
      const extracted = await extract({ file: `${folder.path}/a.gateway.ts` }, limits, () => undefined)
      assert.equal(extracted.fault, null)
      assert.equal(extracted.transcoding !== undefined, isData)
    })
})
