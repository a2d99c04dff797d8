import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { isLogLevel, Logger } from './log.ts'
import type { LogOptions } from './log.ts'
import { jsonObject } from './testing/json-object.ts'

interface Setup {
  readonly log: Logger
  readonly lines: string[]
  readonly json: () => Record<string, unknown>[]
  clock: number
}

function setup(options: LogOptions = {}): Setup {
  const lines: string[] = []
  const it: Setup = {
    log: new Logger({ write: line => lines.push(line), nowMs: () => it.clock, human: false, ...options }),
    lines,
    json: () => lines.map(jsonObject),
    clock: Date.UTC(2026, 10, 23, 12, 3, 4, 5),
  }
  return it
}

/** The fields as they are in the line. */
function written(fields: Record<string, unknown>): Record<string, unknown> {
  const { log, json } = setup()
  log.info('x', fields)
  const { time: _time, level: _level, event: _event, ...rest } = json()[0]!
  return rest
}

test('a line is one JSON object with time, level, event and the fields', () => {
  const { log, lines } = setup()
  log.warn('endpoint.ejected', { cluster: 'items', failures: 5 })
  assert.deepEqual(lines, [
    '{"time":"2026-11-23T12:03:04.005Z","level":"warn","event":"endpoint.ejected","cluster":"items","failures":5}\n',
  ])
})

for (const [level, expected] of [
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
] as const)
  test(`at level ${level}, ${expected.join(', ')} are written`, () => {
    const { log, json } = setup()
    log.setLevel(level)
    log.error('a')
    log.warn('a')
    log.info('a')
    log.debug('a')
    assert.deepEqual(
      json().map(line => line['level']),
      expected,
    )
  })

test('levels are told from other words', () => {
  assert.equal(isLogLevel('debug'), true)
  for (const text of ['trace', 'toString', '', 'INFO']) assert.equal(isLogLevel(text), false)
})

const circular: Record<string, unknown> = { name: 'x' }
circular['self'] = circular
const throwing = {
  get bad(): never {
    throw new Error('no')
  },
}

for (const [name, fields, expected] of [
  [
    'secrets by name',
    { token: 'abc', clientSecret: 'abc', secretName: 'tls' },
    { token: '[redacted]', clientSecret: '[redacted]', secretName: 'tls' },
  ],
  [
    'secrets at any depth',
    { a: [{ headers: { Authorization: 'x' } }] },
    { a: [{ headers: { Authorization: '[redacted]' } }] },
  ],
  ['whole secret objects', { credentials: { user: 'a', pin: 1 } }, { credentials: '[redacted]' }],
  ['that there is a secret', { token: null, password: false }, { token: null, password: false }],
  ['secrets in text', { url: 'http://a:b@c/' }, { url: 'http://a:[redacted]@c/' }],
  ['undefined', { a: undefined, b: { c: undefined } }, { b: {} }],
  ['numbers that JSON has not', { a: NaN, b: Infinity, c: 10n }, { a: 'NaN', b: 'Infinity', c: '10' }],
  ['bytes', { a: Buffer.from('secret') }, { a: '[6 bytes]' }],
  [
    'dates and maps',
    { a: new Date(0), b: new Map([['k', 1]]) },
    { a: '1970-01-01T00:00:00.000Z', b: { k: 1 } },
  ],
  ['names of the line itself', { event: 'a', time: 1 }, { event_: 'a', time_: 1 }],
  ['what throws', { a: throwing }, { a: '[unreadable]' }],
  ['long text', { a: 'x'.repeat(2000) }, { a: `${'x'.repeat(1024)}…` }],
] as const)
  test(`fields: ${name}`, () => assert.deepEqual(written(fields), expected))

test('an object that contains itself ends somewhere', () => {
  assert.match(JSON.stringify(written({ circular })), /\[…\]/)
})

test('an error is written with type, message, code, stack and cause', () => {
  const cause = Object.assign(new Error('connect Bearer abcdefghijkl'), { code: 'ECONNREFUSED' })
  const error = written({ error: new TypeError('outer', { cause }) })['error']
  assert.ok(error instanceof Object && 'stack' in error && 'cause' in error)
  assert.match(String(error.stack), /log\.test/)
  const { stack, ...inner } = jsonObject(JSON.stringify(error.cause))
  assert.deepEqual(inner, { type: 'Error', message: 'connect Bearer [redacted]', code: 'ECONNREFUSED' })
  assert.ok(!String(stack).includes('abcdefghijkl'))
})

test('whatever is logged, a line is one line of JSON without control characters', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.anything(), { maxKeys: 5 }),
      fc.boolean(),
      (fields, human) => {
        const { log, lines } = setup({ human, colour: false })
        log.info('x', fields)
        assert.equal(lines.length, 1)
        assert.match(
          lines[0]!,
          human ? /^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\n$/ : /^\{[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\}\n$/,
        )
        if (!human) JSON.parse(lines[0]!)
      },
    ),
    { numRuns: 500 },
  )
})

test('for people: short time, level, event, fields; stacks below; nothing moves the cursor', () => {
  const { log, lines } = setup({ human: true, colour: false })
  log.warn('endpoint.ejected', { cluster: 'items', failures: 5, text: 'a b', list: [1, 2], evil: '\x1b[2Jx' })
  assert.equal(
    lines[0],
    '12:03:04.005 WARN  endpoint.ejected cluster=items failures=5 text="a b" list=[1,2] evil="\\u001b[2Jx"\n',
  )
  log.warn('resources.problem', { message: 'a.yaml:1:1 "x" is \x1b[2J', n: 1 })
  log.warn('resources.problem', { message: 'a.yaml:1:1 kind: unknown kind "x" (did you mean "y"?)', n: 1 })
  assert.deepEqual(lines.splice(1), [
    '12:03:04.005 WARN  resources.problem n=1 "a.yaml:1:1 \\"x\\" is \\u001b[2J"\n',
    '12:03:04.005 WARN  resources.problem n=1 a.yaml:1:1 kind: unknown kind "x" (did you mean "y"?)\n',
  ])
  const error = new Error('it broke')
  error.stack = 'Error: it broke\n    at one\n    at \x1btwo'
  log.error('x', { error })
  assert.equal(
    lines[1],
    '12:03:04.005 ERROR x error="it broke"\n  Error: it broke\n      at one\n  "    at \\u001btwo"\n',
  )
})

test('colour is only around the level', () => {
  const { log, lines } = setup({ human: true, colour: true })
  log.info('x', {})
  assert.equal(lines[0], '12:03:04.005 \x1b[36mINFO \x1b[0m x\n')
})

test('equal lines are written once a window, then counted', () => {
  const it = setup()
  for (let i = 0; i < 1_000; i++) it.log.error('x', { cluster: 'a' })
  it.log.error('x', { cluster: 'b' })
  assert.deepEqual(
    it.json().map(line => [line['cluster'], line['repeated']]),
    [
      ['a', undefined],
      ['b', undefined],
    ],
  )
  it.clock += 10_000
  it.log.error('x', { cluster: 'a' })
  assert.deepEqual(
    it
      .json()
      .slice(2)
      .map(line => [line['level'], line['event'], line['cluster'], line['repeated']]),
    [
      ['error', 'x', 'a', 999],
      ['error', 'x', 'a', undefined],
    ],
  )
})

test('different lines of one event are bounded, and other events are not held back', () => {
  const it = setup({ perEvent: 10 })
  for (let i = 0; i < 100; i++) it.log.info('storm', { i })
  it.log.info('other', { i: 0 })
  assert.equal(it.lines.length, 11)
  it.log.flush()
  assert.deepEqual(it.json().at(-1), {
    time: '2026-11-23T12:03:04.005Z',
    level: 'info',
    event: 'storm',
    suppressed: 90,
  })
  it.log.flush()
  assert.equal(it.lines.length, 12)
})

test('the count comes by itself when the window ends', async () => {
  const told = Promise.withResolvers<string>()
  const log = new Logger({
    human: false,
    windowMs: 5,
    write: line => {
      if (line.includes('repeated')) told.resolve(line)
    },
  })
  log.info('x')
  log.info('x')
  // The log's own timer does not keep a process alive; this one does.
  const alive = setInterval(() => {}, 1_000)
  assert.equal(jsonObject(await told.promise)['repeated'], 1)
  clearInterval(alive)
})

test('fields of every line come first and are redacted too', () => {
  const { log, json } = setup({ fields: { worker: 1, token: 'abc' } })
  log.info('x', { a: 1 })
  log.setFields({ worker: 2 })
  log.info('y')
  assert.deepEqual(
    json().map(({ time: _, ...line }) => line),
    [
      { level: 'info', event: 'x', worker: 1, token: '[redacted]', a: 1 },
      { level: 'info', event: 'y', worker: 2 },
    ],
  )
})

test('a thread and the main program write whole lines to standard error', async () => {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./testing/log-threads.ts', import.meta.url))],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  const events = text
    .trimEnd()
    .split('\n')
    .map(line => String(jsonObject(line)['event']))
  assert.equal(events.filter(event => event === 'main').length, 100)
  assert.equal(events.filter(event => event === 'thread').length, 100)
})
