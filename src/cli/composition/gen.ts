import { relative } from 'node:path'
import { writeWhole } from '../command/write.ts'
import { contractOf } from './contract.ts'
import { allContracts, readContract } from './folder/contracts.ts'
import { generateAll, GENERATED } from './folder/generated.ts'

/** `portcullis composition gen FILE`: 0, or 1 where the document is none. `output` is a file, "" for standard output. */
export async function generate(name: string, output: string): Promise<number> {
  const contract = await readContract({ name, file: name })
  if (contract === null) return 1
  const text = contractOf(contract.document, contract.file)
  if (output === '') process.stdout.write(text)
  else writeWhole(output, text, 0o666)
  return 0
}

/** `portcullis composition gen`, of all contracts of the folder. */
export async function generateFolder(folder: string): Promise<number> {
  const contracts = await generateAll(folder)
  if (contracts === null) return 1
  for (const { name, file } of contracts) process.stdout.write(`${GENERATED}/${name}.d.ts  of ${file}\n`)
  const { protos, include, sets } = allContracts(folder)
  for (const file of protos)
    process.stdout.write(
      `${GENERATED}/${relative(include, file).replace(/\.proto$/, '_pb.ts')}  of ${file}\n`,
    )
  for (const file of sets) process.stdout.write(`${GENERATED}/…_pb.ts  of ${file}\n`)
  return 0
}
