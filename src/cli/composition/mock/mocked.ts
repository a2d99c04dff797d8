import { CommandFailure } from '../../command/flag.ts'
import { allContracts, readContracts, type Contract } from '../folder/contracts.ts'
import { baseNameOf } from '../folder/names.ts'
import type { ServiceContract } from '../folder/services.ts'
import { isOfGrpc } from '../proto/source.ts'
import type { MockServer, Told } from './listening.ts'

/** What a mock can be made of. */
export type Mocked = Contract | ServiceContract

/** All contracts of a folder, in the order of their names; null where one has a fault, which has been told. */
export async function mockedIn(folder: string): Promise<readonly Mocked[] | null> {
  const all = allContracts(folder)
  const documents = await readContracts(all.documents)
  if (all.protos.length + all.sets.length === 0 || documents === null) return documents
  const { serviceContracts } = await import('../folder/services.ts')
  return together(documents, await serviceContracts(all))
}

/** The same of documents, .proto files, descriptor sets and servers of gRPC that say what they are. */
export async function mockedOf(files: readonly string[]): Promise<readonly Mocked[] | null> {
  const ofGrpc = files.filter(isOfGrpc)
  const documents = await readContracts(
    files.filter(file => !isOfGrpc(file)).map(file => ({ name: baseNameOf(file), file })),
  )
  if (ofGrpc.length === 0 || documents === null) return documents
  const { contractsIn } = await import('../folder/services.ts')
  const protos = ofGrpc.filter(file => file.endsWith('.proto'))
  const services: ServiceContract[] = []
  for (const names of [
    ...(protos.length === 0 ? [] : [protos]),
    ...ofGrpc.filter(file => !file.endsWith('.proto')).map(file => [file]),
  ]) {
    const contracts = await contractsIn(names, [])
    if (contracts === null) return null
    services.push(...contracts)
  }
  return together(documents, services)
}

function together(
  documents: readonly Contract[],
  services: readonly ServiceContract[] | null,
): readonly Mocked[] | null {
  if (services === null) return null
  const all = [...documents, ...services].sort((a, b) => (a.name < b.name ? -1 : 1))
  const twice = all.find((one, i) => all[i - 1]?.name === one.name)
  if (twice !== undefined) throw new CommandFailure(`two contracts are called ${twice.name}: ${twice.file}`)
  return all
}

/** `http` of a document, `h2c` of services. */
export const schemeOf = (mocked: Mocked): string => ('document' in mocked ? 'http' : 'h2c')

/** Serves one on an address. Throws a CommandFailure where that is taken. */
export async function serveMock(
  mocked: Mocked,
  host: string,
  port: number,
  told: Told = () => undefined,
): Promise<MockServer> {
  if ('document' in mocked) {
    const { serveDocument } = await import('./document-server.ts')
    return serveDocument(mocked, host, port, told)
  }
  const { serveServices } = await import('./grpc-server.ts')
  return serveServices(mocked, host, port, told)
}
