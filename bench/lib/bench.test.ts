import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { smallBody } from './backend.ts'
import { cases, pathOf } from './cases.ts'
import { readH2load } from './h2load.ts'
import { readResult } from './load.ts'
import { rowsOf } from './report.ts'
import type { Sample } from './racer.ts'
import { median, ratio, table } from './stats.ts'
import { usageOf } from './usage.ts'

suite('figures', () => {
  for (const [values, expected] of [
    [[3], 3],
    [[10, 9, 1], 9],
    [[4, 1, 2, 3], 2.5],
  ] as const)
    test(`median of ${values.join(' ')} is ${expected}`, () => assert.equal(median(values), expected))

  test('median of nothing is no number', () => assert.ok(Number.isNaN(median([]))))

  test('a round in which the whole machine was slow leaves the ratio as it was', () => {
    assert.equal(ratio([15, 150, 15], [10, 100, 10]), 1.5)
    assert.equal(ratio([15, 15, 15], [10, 10, 1000]), 1.5)
  })

  test('table: first column to the left, numbers to the right', () => {
    assert.equal(
      table([
        ['', 'a'],
        ['nginx', '10.0'],
      ]),
      '          a\nnginx  10.0',
    )
  })

  test('rows: medians for each peer, errors of all rounds, ratio to nginx', () => {
    const sample = (cpuUs: number, errors: number): Sample => ({
      cpuUs,
      rps: 1,
      p50: 2,
      p99: 3,
      rssBytes: 4,
      errors,
      connectionBytes: 0,
    })
    const samples = { nginx: [sample(10, 0), sample(12, 0)], ours: [sample(15, 1), sample(24, 2)] }
    const [given] = cases
    assert.ok(given)
    const rows = rowsOf({ case: given, samples, left: {} })
    assert.deepEqual(
      rows.map(row => [row.peer, row.cpuUs, ...row.ratios, row.errors]),
      [
        ['nginx', 11, 1, 0],
        ['ours', 19.5, 1.75, 3],
      ],
    )
    assert.equal(rowsOf({ case: given, samples: { ours: samples.ours }, left: {} })[0]?.ratios[0], null)
  })
})

suite('measuring', () => {
  test(
    'time on the core of this process is seen, in nanoseconds',
    { skip: process.platform !== 'linux' },
    () => {
      const before = usageOf(process.pid)
      const start = process.cpuUsage()
      let spent = 0
      while (spent < 50_000) {
        const now = process.cpuUsage(start)
        spent = now.user + now.system
      }
      const used = usageOf(process.pid).cpuNs - before.cpuNs
      assert.ok(used > 30e6, `${used} ns of at least 50 ms`)
      assert.ok(before.rssBytes > 10e6)
    },
  )

  test('a process that is gone has used nothing', () => {
    assert.deepEqual(usageOf(2 ** 30), { cpuNs: 0, rssBytes: 0 })
  })

  test('the result of wrk is read, and its absence is said with what it printed', () => {
    const line = 'RESULT {"requests":10,"seconds":2.0,"p50":1,"p99":2,"errors":0}'
    assert.deepEqual(readResult(`Running 2s test\n${line}\n`), {
      requests: 10,
      seconds: 2,
      p50: 1,
      p99: 2,
      errors: 0,
    })
    assert.throws(() => readResult('unable to connect'), /unable to connect/)
    assert.throws(() => readResult('RESULT {"requests":"10"}'), /no result/)
  })
})

suite('h2load', () => {
  const output = `finished in 1.00s, 4.00 req/s, 1.2KB/s
requests: 6 total, 5 started, 5 done, 4 succeeded, 1 failed, 0 errored, 0 timeout
status codes: 4 2xx, 0 3xx, 0 4xx, 1 5xx
traffic: 1.2KB (1200) total`
  const log = '1700000000000000\t200\t400\n1700000000000001\t200\t100\n1700000000000002\t200\t300\n'

  test('its sums and the durations of its log are read', () => {
    assert.deepEqual(readH2load(output, log, 3), { requests: 4, seconds: 3, p50: 300, p99: 300, errors: 1 })
  })

  test('answers that were refused are errors, whatever it calls them', () => {
    assert.equal(readH2load(output.replace('0 4xx, 1 5xx', '3 4xx, 4 5xx'), log, 3).errors, 7)
  })

  test('without sums what it printed is said', () => {
    assert.throws(() => readH2load('connection refused', '', 3), /connection refused/)
  })
})

suite('cases', () => {
  test('names are unique', () => assert.equal(new Set(cases.map(known => known.name)).size, cases.length))
  test('the small body has 200 bytes', () => assert.equal(Buffer.byteLength(smallBody), 200))

  test('requests meet every route of a table in turn', () => {
    const many = cases.find(known => known.name === 'routes-100')
    assert.ok(many)
    const paths = Array.from({ length: 100 }, (_, i) => pathOf(many, i))
    assert.equal(new Set(paths).size, 100)
    assert.equal(pathOf(many, 101), '/r1/small.json')
  })
})
