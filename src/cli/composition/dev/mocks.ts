import { connect } from 'node:net'
import { Backend } from '../../../model/kinds/backend.ts'
import { choose } from '../../roles.ts'
import { roles } from '../../command/flags.ts'
import { sourceOf } from '../../command/sources.ts'
import type { MockServer } from '../mock/listening.ts'
import { serveMock, type Mocked } from '../mock/mocked.ts'

/** A backend that has a contract, and whether somebody is there. */
export interface Found {
  readonly name: string
  /** `127.0.0.1:9101`; null where no resource says where it is. */
  readonly at: string | null
  readonly mock: MockServer | null
}

const CONNECT_MS = 500
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/

/** Serves the contract of each backend to whose endpoint on this machine nobody listens, there. */
export async function mockMissing(
  resources: string,
  contracts: readonly Mocked[],
): Promise<readonly Found[]> {
  const { kinds } = choose(roles.parse(roles.fallback))
  const declared = (await sourceOf([resources], kinds)).load().resources.all(Backend)
  const found: Found[] = []
  for (const contract of contracts) {
    const backend = declared.find(({ metadata }) => metadata.name === contract.name)
    const endpoint = backend?.body.spec.endpoints[0]
    if (endpoint === undefined) {
      found.push({ name: contract.name, at: null, mock: null })
      continue
    }
    const { address, port } = endpoint
    const isHere = LOOPBACK.test(address)
    const mock = isHere && !(await isUp(address, port)) ? await serveMock(contract, address, port) : null
    found.push({ name: contract.name, at: `${address}:${port}`, mock })
  }
  return found
}

function isUp(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: CONNECT_MS })
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  socket.once('timeout', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
