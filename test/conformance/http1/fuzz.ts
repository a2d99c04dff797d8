/**
 * Fuzzes the HTTP/1 codec against node:http: `node test/conformance/http1/fuzz.ts
 * [--seconds N | --runs N] [--seed N]`. Exits with 1 and prints the bytes at the
 * first message that means one thing to us and another to it, that means
 * something else when cut into packets, or that makes the codec throw.
 */
import { parseArgs } from 'node:util'
import { compare, compareResponse } from './compare.ts'
import { cutRandomly, makeLimits, makeRequests, makeResponse, seeded } from './mutate.ts'
import { NodeHttp } from './nodehttp.ts'
import { limits } from '../../support/head-limits.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } },
})
const seed = count(values.seed, Date.now() % 2 ** 31)
const runs = count(values.runs, Infinity)
const untilMs = values.runs === undefined ? Date.now() + count(values.seconds, 10) * 1000 : Infinity

const random = seeded(seed)
const judge = new NodeHttp()
let run = 0
let difference = ''
let bytes: Buffer = Buffer.alloc(0)
for (; difference === '' && run < runs && Date.now() < untilMs; run++) {
  const settings = makeLimits(random, limits)
  const response = random(4) === 0
  bytes = response ? makeResponse(random) : makeRequests(random)
  const cut = cutRandomly(random, bytes)
  try {
    difference = response ? compareResponse(bytes, cut, settings) : await compare(bytes, cut, settings, judge)
  } catch (error) {
    difference = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
judge.close()
console.log(`${run} cases, ${judge.cases} with a request that was accepted, seed ${seed}`)
if (difference !== '') {
  console.log(`difference: ${difference}\nbytes: ${JSON.stringify(bytes.toString('latin1'))}`)
  process.exitCode = 1
}

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`expected a whole number above 0, not ${JSON.stringify(text)}`)
}
