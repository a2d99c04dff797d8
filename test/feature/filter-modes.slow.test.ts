// New code of a filter of the user's own that is given other bodies than the code before: nobody is refused meanwhile.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { FilteredGateway } from '../support/filtered-gateway.ts'
import { Seen } from '../support/until.ts'
import { readBody, TestUpstream } from '../support/upstream.ts'

const codes = {
  none: `response(r) { r.headers.set('x-code', 'none') }, request(r) { r.state = 'none' }`,
  held: `requestBody: 'held', responseBody: 'held',
    request(r) { r.state = 'held'; r.body.replace(r.body.text()) },
    response(r) { r.headers.set('x-code', 'held ' + r.state); r.body.replace(r.body.text()) }`,
  stream: `responseBody: 'stream', response(r) { r.headers.set('x-code', 'stream'); r.body.through(pieces => pieces) }`,
} as const

const codeOf = (name: keyof typeof codes): string => `
import { defineFilter } from 'portcullis/composition'
export default defineFilter({ ${codes[name]} })
`

test('new code that has other bodies takes over without a request that fails', async () => {
  const waiting = new Seen<() => void>()
  await using gateway = await FilteredGateway.start(
    { filters: ['a'], specs: { a: '{ bundle: ./a.ts, timeout: 5s }' } },
    { 'a.ts': codeOf('none') },
    await TestUpstream.start((request, response) => {
      void readBody(request).then(body => {
        const end = (): void => void response.end(body)
        if (request.url === '/late') waiting.push(end)
        else setTimeout(end, 20)
      })
    }),
  )
  const ask = (path = '/'): Promise<string> =>
    send(gateway.port, { method: 'POST', path, body: 'hello' }).then(
      ({ status, body, headers }) => `${status} ${body} ${String(headers['x-code'])}`,
    )
  const seen = new Set<string>()
  const all = new Set<string>()
  let isOver = false
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const text = await ask()
      seen.add(text)
      all.add(text)
    }
  })
  const until = async (text: string): Promise<void> => {
    while (!seen.has(text)) await new Promise(resolve => setTimeout(resolve, 20))
  }
  const late: Promise<string>[] = []
  for (const [name, expected] of [
    ['held', '200 hello held held'],
    ['stream', '200 hello stream'],
    ['none', '200 hello none'],
  ] as const) {
    late.push(ask('/late'))
    await waiting.count(late.length)
    seen.clear()
    gateway.folder.write('a.ts', codeOf(name))
    await until(expected)
  }
  isOver = true
  await Promise.all(load)
  assert.ok(threadsOf(gateway.run.child.pid!) > 1)
  for (const end of waiting.all) end()
  // What has begun by code of before is answered by it, whatever that had of its body.
  assert.deepEqual(await Promise.all(late), ['200 hello none', '200 hello held held', '200 hello stream'])
  for (const text of all) assert.match(text, /^200 hello /)
  // And when nobody is left who can ask them, the threads of before end.
  while (threadsOf(gateway.run.child.pid!) > 1) await new Promise(resolve => setTimeout(resolve, 20))
})

/** Of filters. */
const threadsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).filter(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').startsWith('portcullis-filt'),
  ).length
