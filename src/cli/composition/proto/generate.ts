import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DescFile } from '@bufbuild/protobuf'
import { ProtoFault } from '../../../composition/proto/fault.ts'
import { CommandFailure, UsageError } from '../../command/flag.ts'
import { writeWhole } from '../../command/write.ts'
import { textAt } from '../folder/contracts.ts'
import { moduleOf } from './module.ts'
import { moduleName } from './names.ts'
import { registryOf } from './registry.ts'

/** Modules of all files but those of google/protobuf, below the folder `output`; "" prints the one that is asked for. */
export async function generateModules(
  names: readonly string[],
  output: string,
  include: readonly string[],
): Promise<number> {
  try {
    const registry = await registryOf(names, include)
    const files = [...registry.files].filter(file => !file.name.startsWith('google/protobuf/'))
    for (const file of files) checkNames(file)
    if (output === '') print(files)
    else for (const file of files) write(file, output)
    return 0
  } catch (error) {
    if (!(error instanceof ProtoFault)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

/** A server or a descriptor set may call a file whatever it likes: it must be none elsewhere, and no code. */
function checkNames({ name, proto }: DescFile): void {
  if (!/^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(name) || name.split('/').includes('..'))
    throw new CommandFailure(`${JSON.stringify(`${name}.proto`)} cannot be the name of a file`)
  if (!/^[\w.]*$/.test(proto.package))
    throw new CommandFailure(
      `${name}.proto: ${JSON.stringify(proto.package)} cannot be the name of a package`,
    )
}

function print(files: readonly DescFile[]): void {
  const [file, ...more] = files
  if (file === undefined || more.length > 0)
    throw new UsageError(
      `composition gen: ${files.length} modules are made (${files.map(moduleName).join(', ')}), expected -o FOLDER`,
    )
  process.stdout.write(moduleOf(file))
}

function write(file: DescFile, folder: string): void {
  const path = join(folder, moduleName(file))
  const text = moduleOf(file)
  // What has not changed is left alone: who watches the folder would take it for new code.
  if (textAt(path) === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeWhole(path, text, 0o666)
}
