import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { createInterface } from 'node:readline'
import { painter, showsColour, type Paint } from '../../../telemetry/colour.ts'
import { CommandFailure } from '../../command/flag.ts'
import type { HostPort } from '../../command/values.ts'
import { generateAll } from '../folder/generated.ts'
import { mockedIn } from '../mock/mocked.ts'
import { startGateway } from './gateway.ts'
import { mockMissing, type Found } from './mocks.ts'
import { Page } from './page.ts'
import { Telling } from './telling.ts'

export interface DevOptions {
  /** Files and folders of resources. */
  readonly paths: readonly string[]
  readonly page: number
  /** Of the gateway's admin listener; null: it has none. */
  readonly admin: HostPort | null
}

/** `portcullis composition dev`: a gateway with the composition, which follows its changes, until it is ended. */
export async function dev({ paths, page: port, admin }: DevOptions): Promise<number> {
  const resources = paths[0] ?? 'portcullis'
  if (!existsSync(resources))
    throw new CommandFailure(
      `composition dev: ${resources} does not exist, expected a folder with a Composition`,
    )
  const paint = painter(showsColour(1))
  const hasContracts = existsSync('contracts')
  if (hasContracts && (await generateAll('.')) === null) return 1
  const contracts = hasContracts ? await mockedIn('.') : []
  if (contracts === null) return 1
  const backends = await mockMissing(resources, contracts)
  const page = new Page()
  const url = await page.listen(port)
  for (const found of backends) process.stdout.write(`${found.name}  ${whoAnswers(found, paint)}\n`)
  process.stdout.write(`requests  ${url}\n`)
  const watching = hasContracts ? watch('contracts', { recursive: true }, () => void renew(backends)) : null
  const child = startGateway(paths.length === 0 ? [resources] : paths, admin)
  const telling = new Telling(paint, page)
  createInterface(child.stderr!).on('line', line => telling.tell(line))
  // Ctrl-C reaches both: a second signal would have the gateway leave what is under way.
  process.on('SIGINT', () => undefined)
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'close')) as [number | null]
  watching?.close()
  page.close()
  await Promise.all(backends.map(async ({ mock }) => mock?.close()))
  return code ?? 1
}

/** What contracts say now, for types and for mocks; what is wrong with one is told, and all goes on as it was. */
async function renew(backends: readonly Found[]): Promise<void> {
  try {
    const contracts = (await generateAll('.')) === null ? null : await mockedIn('.')
    for (const contract of contracts ?? [])
      backends.find(({ name }) => name === contract.name)?.mock?.take(contract as never)
  } catch (error) {
    // The last one may have gone, or a file is written just now.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  }
}

function whoAnswers({ at, mock }: Found, paint: Paint): string {
  if (at === null) return 'of no Backend here'
  // Also something else that has its port: what its calls bring then looks odd.
  return `${at}  ${mock === null ? 'itself' : paint('note', 'a mock, by its contract')}`
}
