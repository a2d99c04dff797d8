import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { Colour } from '../../../telemetry/colour.ts'
import { CommandFailure } from '../../command/flag.ts'

export interface MockServer<Contract = never> {
  readonly name: string
  readonly port: number
  /** From now on by this one. */
  take(contract: Contract): void
  close(): Promise<void>
}

/** What a mock has answered, as a line shows it. */
export interface MockTold {
  /** `404`, `NOT_FOUND` */
  readonly status: string
  readonly colour: Colour
  /** `GET /users/7`, `shop.v1.Shop/GetBook` */
  readonly asked: string
  /** What of the contract that is, or why there is nothing; null where that goes without saying. */
  readonly known: string | null
}

export type Told = (told: MockTold) => void

/** Resolves with its port. Throws a CommandFailure where the address is taken. */
export async function listening(server: Server, host: string, port: number, name: string): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${code})`
    throw new CommandFailure(`the mock of ${name}: ${host}:${port} ${why}`, { cause: error })
  }
  return (server.address() as AddressInfo).port
}
