import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CallFailure } from '../calls/failure.ts'
import type { Backends } from '../backends/backend.ts'
import { bytesOf } from '../recording/content.ts'
import { keyOf, methodOf, RECORDED, requestOf, type Fixture, type Recorded } from '../recording/fixture.ts'
import { Secrets } from '../recording/secrets.ts'
import type { BackendAnswer, BackendRequest } from '../transport/transport.ts'
import { WholeBody } from '../transport/whole-body.ts'
import type { StubTransport } from './stub-transport.ts'

/** Has the fixtures of a folder answer the calls that they were recorded of. Throws where there are none. */
export function replay(folder: string, backends: Backends, transport: StubTransport): void {
  const files = globSync('*/*.json', { cwd: folder }).sort()
  if (files.length === 0) throw new TypeError(`${folder} has no fixtures of portcullis composition record`)
  const secrets = new Secrets(hiddenIn(folder))
  const known = new Map<string, Fixture>()
  const calls = new Set<string>()
  for (const file of files) {
    const fixture = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture
    known.set(keyOf(fixture.call, fixture.request), fixture)
    calls.add(fixture.call)
  }
  for (const call of calls)
    transport.add({
      call,
      afterMs: 0,
      left: Infinity,
      answer: () => undefined,
      serve: async request => {
        const rpc = methodOf(backends, request)
        const asked = await requestOf(request, rpc, secrets)
        const fixture = known.get(keyOf(call, asked))
        if (fixture !== undefined) return await answerOf(fixture, request, backends, transport)
        transport.missing.add(`${call} (${asked.method} ${asked.target}${bodyText(asked)}), not recorded`)
        throw new TypeError(transport.missingText)
      },
    })
}

function hiddenIn(folder: string): readonly string[] {
  const file = join(folder, RECORDED)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded).hidden : []
}

const bodyText = ({ body }: Fixture['request']): string =>
  body === undefined ? '' : ` ${JSON.stringify(body).slice(0, 200)}`

async function answerOf(
  { answer }: Fixture,
  request: BackendRequest,
  backends: Backends,
  transport: StubTransport,
): Promise<BackendAnswer> {
  if ('failure' in answer) {
    // Who does not wait for it ends it again.
    if (answer.failure === 'cancelled') await transport.pause(Infinity, request.signal)
    throw new CallFailure(answer.failure, request.call, 'as it was recorded')
  }
  const rpc = methodOf(backends, request)
  const bytes = await bytesOf(answer.body, rpc?.output ?? null)
  const { status, headers, trailers = {} } = answer
  return { status, headers, body: Object.assign(new WholeBody(request.call, bytes), { trailers }) }
}
