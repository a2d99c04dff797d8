import assert from 'node:assert/strict'
import { send, type Asked } from './client.ts'
import {
  acting,
  answers,
  drip,
  late,
  outOfFiles,
  stopped,
  whole,
  type Act,
  type Backend,
  type FaultyWire,
} from './faults.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { Neighbour } from './neighbour.ts'
import { backendPolicy } from './policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from './resources.ts'

/** What the callers of these tests are promised: see docs/tasks/sick-backends.md. */
export const policy = {
  retry: {
    attempts: 2,
    retryOn: { triggers: ['connect-failure', 'reset', 'timeout', '5xx'] },
    backOff: { baseInterval: '1ms', maxInterval: '2ms' },
  },
  outlierDetection: { consecutive5xx: 3, baseEjection: '1h', maxEjection: '1h' },
}
export const CONSECUTIVE = policy.outlierDetection.consecutive5xx

/** Where time is what callers are spared; otherwise a machine that is busy for so long would be a sick one. */
const limits = { timeouts: { attempt: '400ms' } }

export interface Fault {
  readonly make: (wire: FaultyWire) => Promise<Backend>
  /** Of a sick one beside nine that are well: failures that callers may see at most. */
  readonly one: number
  /** Why it is left out; null: it is not. */
  readonly out: RegExp | null
  /** Where all are sick: what callers see before the breaker opens. */
  readonly all: readonly Outcome[]
  /** The breaker opens. */
  readonly opens: boolean
  /** Nobody notices but by a limit of time. */
  readonly timed?: boolean
  /** A fault of this wire alone. */
  readonly only?: FaultyWire
}

/** `ok` is 200 with all of what was said; `broken`, that the client can tell that it is not all. */
export type Outcome = 'ok' | 'broken' | 500 | 502 | 503 | 504

const does = (act: Act) => (wire: FaultyWire) => acting(wire, act)
const inARow = /^consecutive_5xx: 3 in a row$/
const hidden = { one: 0, out: inARow, opens: true }
const tooLate = { ...hidden, timed: true, all: [504] } as const
const begun = { one: CONSECUTIVE, out: inARow, opens: false, all: ['broken'] } as const

const faults: Readonly<Record<string, Fault>> = {
  'hangs, stopped as a process': { ...tooLate, make: stopped },
  'accepts and never answers': { ...tooLate, make: does(() => {}) },
  'has no descriptor left': { ...hidden, make: outOfFiles, all: [502] },
  'resets connections': {
    ...hidden,
    make: does(({ socket }) => void socket.resetAndDestroy()),
    all: [502],
  },
  'gives each request up': { ...hidden, make: does(({ reset }) => reset()), all: [502] },
  'closes before its answer': { ...hidden, make: does(({ socket }) => void socket.end()), all: [502] },
  'closes in the middle of a head': {
    ...hidden,
    make: does(({ socket, head }) => void socket.end(head(200, 2).subarray(0, 12))),
    all: [502],
  },
  'drips its head': {
    ...tooLate,
    // Of HTTP/2 nothing may come between the frames of a head, so that this would be a connection that hangs.
    only: 'h1',
    make: does(asked =>
      drip(
        asked.socket,
        [...whole(asked)].map(byte => Buffer.of(byte)),
      ),
    ),
    all: [504],
  },
  'answers after the time of an attempt': { ...tooLate, make: does(late(2_000)) },
  'answers slowly, in time': { one: 0, out: null, make: does(late(100)), all: ['ok'], opens: false },
  'answers 500': { ...hidden, make: does(asked => void asked.socket.write(whole(asked, 500))), all: [500] },
  'answers 500 for one in three': {
    one: 0,
    out: null,
    make: does(asked => void asked.socket.write(whole(asked, asked.before % 3 === 2 ? 500 : 200))),
    all: ['ok', 500],
    opens: false,
  },
  'closes in the middle of a body': {
    ...begun,
    make: does(
      ({ socket, head, body }) => void socket.end(Buffer.concat([head(200, 9), body('half', false)])),
    ),
  },
  'resets in the middle of a body': {
    ...begun,
    make: does(({ socket, head, body, reset }) => {
      socket.write(Buffer.concat([head(200, 9), body('half', false)]), () => setTimeout(reset, 5))
    }),
  },
  'says that its body is longer than it is': {
    ...begun,
    timed: true,
    make: does(
      ({ socket, head, body }) => void socket.write(Buffer.concat([head(200, 9), body('half', false)])),
    ),
  },
  'drips its body': {
    ...begun,
    timed: true,
    make: does(({ socket, head, body }) => {
      socket.write(head(200, 500))
      drip(
        socket,
        Array.from({ length: 500 }, () => body('x', false)),
      )
    }),
  },
}

export const faultsOf = (wire: FaultyWire) =>
  Object.entries(faults).filter(([, { only }]) => only === undefined || only === wire)

/** Backend `up` at these ports beside one that is well, to which another client goes. */
export async function beside(
  wire: FaultyWire,
  backends: readonly Backend[],
  { timed = false }: Fault,
  more: object,
  run: (portcullis: TestGateway, neighbour: Neighbour) => Promise<void>,
): Promise<void> {
  await using well = await acting('h1', answers)
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', {
        rules: [{ matches: [prefix('/neighbour')], backendRefs: [to('well')] }, { backendRefs: [to('up')] }],
      }),
      {
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Backend',
        metadata: { name: 'up' },
        spec: {
          protocol: wire === 'h1' ? 'http' : 'h2c',
          endpoints: backends.map(({ port }) => ({ address: '127.0.0.1', port })),
        },
      },
      backend('well', [well.port]),
      backendPolicy({ ...policy, ...(timed ? limits : {}), ...more }),
    ),
  )
  await using neighbour = new Neighbour(portcullis.port(), false)
  await run(portcullis, neighbour)
}

/** One request, and one of the neighbour while that is under way. */
export async function outcomeOf(
  portcullis: TestGateway,
  neighbour: Neighbour,
  more: Asked = {},
): Promise<Outcome | 'refused'> {
  const answer = send(portcullis.port(), more).catch(() => null)
  await neighbour.served()
  const told = await answer
  if (told === null) return 'broken'
  if (told.body.includes('breaker_open')) return 'refused'
  // What is not "ok" in an answer of 200 is nobody's answer.
  if (told.status === 200) assert.equal(told.body, 'ok')
  return told.status === 200 ? 'ok' : (told.status as Outcome)
}
