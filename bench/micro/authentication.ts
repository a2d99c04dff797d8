/**
 * What it costs to know who asks: `node bench/micro/authentication.ts [credentials]`. Numbers of one run are in
 * docs/adr/0045.
 */
import { ruleTypes } from '../../src/cli/rule-types.ts'
import { newKey, putKeys, putPeppers } from '../../test/support/credentials.ts'
import { RequestHeadReader } from '../../src/http/h1/request.ts'
import { serializeRequest } from '../../src/http/h1/serialize.ts'
import type { RequestHead } from '../../src/http/head.ts'
import type { Exchange, Filter } from '../../src/filters/filter.ts'
import { Notes } from '../../src/filters/notes.ts'
import { NodeState, SharedState } from '../../src/shared/node-state.ts'
import { exchange, origin } from '../../test/support/exchange.ts'
import { limits } from '../../test/support/head-limits.ts'
import { kit } from '../../test/support/kit.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
const node = new NodeState()
putPeppers(node.tables)

const say = (what: string, value: string): void => console.log(`${what.padEnd(72)} ${value}`)

function cpuMs(what: () => void): number {
  const start = process.threadCpuUsage()
  what()
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / 1e3
}

/** The least of several rounds: others use the machine as well. */
function nsEach(times: number, one: (i: number) => void): string {
  let least = Infinity
  for (let round = 0; round < 5; round++) {
    const took = cpuMs(() => {
      for (let i = 0; i < times; i++) one(i)
    })
    least = Math.min(least, (took * 1e6) / times)
  }
  return `${least.toFixed(0)} ns`
}

const keys = Array.from({ length: COUNT }, newKey)
say(`fill ${COUNT} rows`, `${cpuMs(() => putKeys(node.tables, keys)).toFixed(0)} ms`)

function policy(forwardCredentials: boolean): Filter {
  const state = new SharedState(node.handle(1).handle)
  const config = {
    type: 'authentication',
    origin,
    policy: 'default/p',
    accepts: [
      {
        kind: 'api-key',
        in: [
          { where: 'header', name: 'X-API-Key' },
          { where: 'bearer', name: 'Bearer' },
        ],
      },
    ],
    anonymous: false,
    forwardCredentials,
    except: [],
    signup: null,
  }
  return ruleTypes.filters.find('authentication').compile(
    config,
    kit({
      table: name => state.table(name),
      clock: { now: () => 0, sharedUs: () => 0, wallMs: () => Date.now(), after: () => () => {} },
      keep: (_, make) => make(),
    }),
  )
}

const reader = new RequestHeadReader(
  { ...limits, fieldBytes: 8192, headBytes: 8192, fieldCount: 100 },
  'http',
)

function head(key: string): RequestHead {
  const text = `GET /pets?limit=10 HTTP/1.1\r\nHost: api.example\r\nUser-Agent: curl/8\r\nX-API-Key: ${key}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n`
  const read = reader.read(Buffer.from(text, 'latin1'), 0)
  if (read === null || !('method' in read)) throw new Error('no head')
  return read
}

const base = exchange({})
/** Each request has its own head and notes, as in the product. */
function asked(request: RequestHead): Exchange {
  return { ...base, request, notes: new Notes() }
}

function run(what: string, filter: Filter | null, keyOf: (i: number) => string, times: number): void {
  const each = nsEach(times, i => {
    const x = asked(head(keyOf(i)))
    const verdict = filter?.request!(x)
    if (verdict !== undefined && !what.includes('401')) throw new Error(JSON.stringify(verdict))
    if (serializeRequest(x.request).length === 0) throw new Error('nothing')
  })
  say(what, each)
}

const one = keys[0]!.text
const wrong = newKey().text
const [taking, forwarding] = [policy(false), policy(true)]
run('a head read, an exchange, a head written: no policy', null, () => one, 2e5)
run('the same: one key, forwarded', forwarding, () => one, 2e5)
run('the same: one key, taken out', taking, () => one, 2e5)
run(`the same: any of ${COUNT} keys, taken out`, taking, i => keys[(i * 7919) % COUNT]!.text, COUNT)
run('the same: a key that is unknown (401)', taking, () => wrong, 2e4)
run('the same: a key that is malformed (401)', taking, () => `${one}x`, 1e5)
