import { readFileSync } from 'node:fs'
import { GENERATED } from '../folder/generated.ts'

/** Those that this version of the program was made with. */
function versions(): Readonly<Record<string, string>> {
  const text = readFileSync(
    new URL(
      import.meta.url.endsWith('.ts') ? '../../../../package.json' : '../../package.json',
      import.meta.url,
    ),
    'utf8',
  )
  return (JSON.parse(text) as { readonly devDependencies: Record<string, string> }).devDependencies
}

export function packageJson(name: string): string {
  const known = versions()
  const dependency = (of: string): readonly [string, string] => [of, `^${known[of] ?? '*'}`]
  return `${JSON.stringify(
    {
      name,
      private: true,
      type: 'module',
      scripts: {
        test: 'portcullis composition test',
        dev: 'portcullis composition dev',
        gen: 'portcullis composition gen',
        mock: 'portcullis composition mock',
        build: 'portcullis composition build',
      },
      devDependencies: Object.fromEntries<string>(
        ['@bufbuild/protobuf', '@types/node', 'rolldown', 'typebox', 'typescript'].map(dependency),
      ),
    },
    null,
    2,
  )}\n`
}

export const tsconfig = `{
  // Where the compiler finds portcullis/composition.
  "extends": "./${GENERATED}/tsconfig.json",
  "compilerOptions": {
    "target": "esnext",
    "lib": ["esnext"],
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "verbatimModuleSyntax": true,
    "erasableSyntaxOnly": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true,
    "noEmit": true
  },
  "include": ["*.ts", "**/*.ts"],
  "exclude": ["node_modules", "dist"]
}
`

export const gitignore = `${GENERATED}/\nnode_modules/\ndist/\n`

export const readme = (name: string): string => `# ${name}

An API that is made of others, in TypeScript: \`${name}.gateway.ts\`, with its test.

| | |
|---|---|
| \`portcullis composition test\` | checks the types, and runs the tests: no sockets, no waiting |
| \`portcullis composition dev\` | serves it on port 8080, with mocks of the backends, and shows what each request calls |
| \`portcullis composition gen\` | makes the types of \`contracts/\` again (the other commands do it too) |
| \`portcullis composition mock\` | serves what the contracts have as examples: shop on port 9101, users on 9102 |
| \`portcullis composition build\` | makes one file of it in \`dist/\`, with its OpenAPI document |

\`npm install\` once brings the compiler, and what an editor needs.

- \`contracts/NAME.yaml\` is the OpenAPI document of the backend NAME. One that changes fails the compiler where the composition no longer fits.
- \`portcullis/\` has the gateway's resources: the listener, the route, and where the backends are.
`
