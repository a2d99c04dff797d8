import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CommandFailure, UsageError } from '../../command/flag.ts'
import { writeWhole } from '../../command/write.ts'
import { generateAll } from '../folder/generated.ts'
import { contracts } from './contracts.ts'
import { gatewayTs, testTs } from './gateway.ts'
import { gitignore, packageJson, readme, tsconfig } from './project.ts'
import { gatewayYaml } from './resources.ts'

/** `portcullis composition new`: a folder that is served and tested as it is. */
export async function newComposition(folder: string): Promise<number> {
  const name = basename(folder)
  if (!/^[a-z](?:[a-z0-9-]{0,60}[a-z0-9])?$/.test(name))
    throw new UsageError(
      `composition new: "${name}" is no name, expected lower-case letters, digits and "-", such as: shop`,
    )
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new CommandFailure(`composition new: ${folder} is not empty`)
  const files: Readonly<Record<string, string>> = {
    ...contracts,
    [`${name}.gateway.ts`]: gatewayTs(name),
    [`${name}.test.ts`]: testTs(name),
    'portcullis/gateway.yaml': gatewayYaml(name),
    'package.json': packageJson(name),
    'tsconfig.json': tsconfig,
    'README.md': readme(name),
    '.gitignore': gitignore,
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    writeWhole(join(folder, file), text, 0o666)
  }
  await generateAll(folder)
  process.stdout.write(told(folder, name))
  return 0
}

function told(folder: string, name: string): string {
  return `${folder}/
  contracts/users.yaml, shop.yaml   what the backends offer, as OpenAPI
  ${`${name}.gateway.ts`.padEnd(32)}  the API that is made of them
  ${`${name}.test.ts`.padEnd(32)}  its test
  portcullis/gateway.yaml           where it is served

  cd ${folder}
  portcullis composition test       run the test
  portcullis composition dev        serve it on port 8080, with mocks of the backends: curl http://localhost:8080/me/7

In an editor, and for the compiler to check it: npm install
`
}
