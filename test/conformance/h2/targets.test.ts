import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { requestAccepts, requestRejects } from '../http1/vectors.ts'
import { ServerBench } from './harness.ts'
import { block, headers } from '../../support/http2/wire.ts'

/** The method, target and Host of a head of HTTP/1 that has nothing else. */
const WHOLE = /^([^ \r\n]+) ([^ \r\n]+) HTTP\/1\.1\r\nHost: ?([^\r\n]*)\r\n\r\n$/

const isPath = (target: string): boolean => target.startsWith('/') || target === '*'

/** The same request by HTTP/2. */
function asked(method: string, target: string, host: string): ServerBench {
  const bench = new ServerBench({ policy: { requestLineBytes: 300 } })
  const fields = [':method', method, ':scheme', 'http', ':path', target, ':authority', host]
  bench.says(headers(1, block(...fields), 5))
  return bench
}

// One codec more is one reading more of the same request: what is taken by HTTP/1 is taken by HTTP/2 as the same,
// and what is refused there is refused here.

suite('targets, hosts and methods that HTTP/1 takes', () => {
  for (const { bytes } of requestAccepts) {
    const [, method = '', target = '', host = ''] = WHOLE.exec(bytes) ?? []
    if (!isPath(target) || host.trim() !== host || method === 'CONNECT') continue
    test(JSON.stringify(bytes), () => {
      const { head } = asked(method, target, host).last
      const expected = requestAccepts.find(one => one.bytes === bytes)!.head
      for (const key of ['method', 'path', 'query', 'authority', 'hostname'])
        if (Object.hasOwn(expected, key)) assert.deepEqual(Reflect.get(head, key), expected[key], key)
    })
  }
})

suite('targets, hosts and methods that HTTP/1 refuses', () => {
  for (const { rule, bytes } of requestRejects) {
    const [, method = '', target = '', host = ''] = WHOLE.exec(bytes) ?? []
    if (!/^(target|path|host|method|request-line-size)/.test(rule) || target === '') continue
    test(`${rule}: ${JSON.stringify(bytes)}`, () => {
      const bench = asked(method, target, host)
      assert.equal(bench.requests.length, 0)
      const rules = [...bench.refused, ...bench.malformed]
      assert.equal(rules.length, 1)
      // Absolute form is none of HTTP/2, and CONNECT is told by other fields there; an empty Host is none.
      if (isPath(target) && method !== 'CONNECT' && host.trim() !== '' && host.trim() === host)
        assert.deepEqual(rules, [rule])
    })
  }
})
