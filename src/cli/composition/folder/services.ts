import type { DescService, FileRegistry } from '@bufbuild/protobuf'
import { ProtoFault } from '../../../composition/proto/fault.ts'
import { registryOf } from '../proto/registry.ts'
import type { AllContracts } from './contracts.ts'
import { baseNameOf } from './names.ts'

/** Services of gRPC that a backend has. */
export interface ServiceContract {
  /** What its backend is called: `stock` of `contracts/stock/v1/stock.proto` and of `contracts/stock.binpb`. */
  readonly name: string
  readonly file: string
  readonly services: readonly DescService[]
  /** They, and all that they are made of. */
  readonly registry: FileRegistry
}

/** Those of a folder, in the order of their names; null where one has a fault, which is told on standard error. */
export async function serviceContracts({
  protos,
  include,
  sets,
}: AllContracts): Promise<readonly ServiceContract[] | null> {
  const all: ServiceContract[] = []
  for (const names of [...(protos.length === 0 ? [] : [protos]), ...sets.map(set => [set])]) {
    const contracts = await contractsIn(names, [include])
    if (contracts === null) return null
    all.push(...contracts)
  }
  return all.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Of one set or server, or of .proto files: one for each name that files with services have. */
export async function contractsIn(
  names: readonly string[],
  include: readonly string[],
): Promise<readonly ServiceContract[] | null> {
  try {
    const registry = await registryOf(names, include)
    const isOfProtos = names.every(name => name.endsWith('.proto'))
    const byName = new Map<string, DescService[]>()
    for (const file of registry.files) {
      const name = baseNameOf(isOfProtos ? file.name : names[0]!)
      if (file.services.length > 0) byName.set(name, [...(byName.get(name) ?? []), ...file.services])
    }
    return [...byName].map(([name, services]) => ({
      name,
      file: names.find(one => baseNameOf(one) === name) ?? names[0]!,
      services,
      registry,
    }))
  } catch (error) {
    if (!(error instanceof ProtoFault)) throw error
    process.stderr.write(`${error.message}\n`)
    return null
  }
}
