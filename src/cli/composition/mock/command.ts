import { painter, showsColour } from '../../../telemetry/colour.ts'
import { UsageError } from '../../command/flag.ts'
import type { MockServer } from './listening.ts'
import { mockedIn, mockedOf, schemeOf, serveMock } from './mocked.ts'

/** `portcullis composition mock`: serves until it is ended. */
export async function mock(
  operands: readonly string[],
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  const contracts = operands.length === 0 ? await mockedIn('.') : await mockedOf(operands)
  if (contracts === null) return 1
  if (port + contracts.length > 65_536)
    throw new UsageError(`--port: ${port} leaves no port for each contract`)
  const paint = painter(showsColour(1))
  const width = Math.max(...contracts.map(({ name }) => name.length))
  const servers: MockServer[] = []
  for (const [i, contract] of contracts.entries()) {
    const at = port === 0 ? 0 : port + i
    const server = await serveMock(contract, host, at, ({ status, colour, asked, known }) => {
      const more = known === null ? '' : paint('dim', `  ${known}`)
      process.stdout.write(`${contract.name.padEnd(width)}  ${paint(colour, status)}  ${asked}${more}\n`)
    })
    servers.push(server)
    process.stdout.write(
      `${contract.name.padEnd(width)}  ${schemeOf(contract)}://${host}:${server.port}  ${paint('dim', contract.file)}\n`,
    )
  }
  process.stdout.write(paint('dim', 'Another answer: Prefer: code=404, or ?__code=404. Ctrl-C ends it.\n'))
  await new Promise<void>(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  await Promise.all(servers.map(server => server.close()))
  return 0
}
