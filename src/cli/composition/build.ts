import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CommandFailure, UsageError } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'
import { generateAll } from './folder/generated.ts'
import { loading } from './folder/own.ts'

/** Of rolldown, what is used. */
interface Bundler {
  rolldown(options: object): Promise<{
    generate(options: object): Promise<{ readonly output: readonly [{ readonly code: string }] }>
    close(): Promise<void>
  }>
}

/** What the program that runs it has: it is never part of a bundle. */
const OWN = /^(?:portcullis\/composition(?:\/testing)?|(?:typebox|@bufbuild\/protobuf)(?:\/.*)?|node:.*)$/

/** `portcullis composition build`: one module, and what is known of it without running it. */
export async function buildComposition(operands: readonly string[], folder: string): Promise<number> {
  const source = operands[0] ?? onlyGateway()
  if (!existsSync(source)) throw new CommandFailure(`${source} does not exist, expected a file *.gateway.ts`)
  if (existsSync('contracts') && (await generateAll('.')) === null) return 1
  const name = basename(source).replace(/(?:\.gateway)?\.[cm]?[jt]s$/, '')
  const file = join(folder, `${name}.gateway.mjs`)
  const code = await bundled(await bundler(), source)
  const manifest = manifestOf(source)
  if (manifest === null) return 1
  mkdirSync(folder, { recursive: true })
  const { openapi, ...rest } = manifest
  const written: readonly (readonly [file: string, text: string, what: string])[] = [
    [file, code, 'the bundle: spec.bundle of a Composition'],
    [join(folder, `${name}.manifest.json`), jsonOf(rest), 'its routes, backends and rules'],
    [join(folder, `${name}.openapi.json`), jsonOf(openapi), 'its OpenAPI document'],
  ]
  for (const [path, text, what] of written) {
    writeWhole(path, text, 0o666)
    process.stdout.write(`${path}  ${(Buffer.byteLength(text) / 1024).toFixed(1)} KiB  ${what}\n`)
  }
  return 0
}

const jsonOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

function onlyGateway(): string {
  const [file, ...more] = globSync('*.gateway.{ts,mts,js,mjs}').sort()
  if (file === undefined || more.length > 0)
    throw new UsageError(
      `composition build: ${file === undefined ? 'there is no *.gateway.ts here' : 'there are several'}, expected the FILE to build, such as: portcullis composition build shop.gateway.ts`,
    )
  return file
}

/** Named here, so that nobody takes it for a part of the program. */
const BUNDLER = 'rolldown'

/** Of the folder, else beside the program: it is a large program of its own, which nobody needs who serves. */
async function bundler(): Promise<Bundler> {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url])
    try {
      const file = createRequire(from).resolve(BUNDLER)
      return (await import(pathToFileURL(file).href)) as Bundler
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  throw new CommandFailure(`composition build: there is no bundler: npm install --save-dev ${BUNDLER}`)
}

/** The same files make the same bytes, in whatever folder they lie. */
async function bundled({ rolldown }: Bundler, source: string): Promise<string> {
  const build = await rolldown({
    cwd: dirname(resolve(source)),
    input: { bundle: `./${basename(source)}` },
    external: OWN,
    platform: 'node',
    logLevel: 'silent',
  })
  try {
    const { output } = await build.generate({ format: 'esm', codeSplitting: false })
    return output[0].code
  } catch (error) {
    throw new CommandFailure(
      `${relative('.', source)} cannot be built: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  } finally {
    await build.close()
  }
}

/** Null where it cannot be loaded, which Node has told with the line. */
function manifestOf(source: string): { readonly openapi: unknown } | null {
  const { status, stdout } = spawnSync(process.execPath, [loading('tell-manifest'), resolve(source)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? (JSON.parse(stdout) as { readonly openapi: unknown }) : null
}
