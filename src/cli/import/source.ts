import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { MAX_FILE_BYTES } from '../../control/files/file-source.ts'
import { CommandFailure } from '../command/flag.ts'
import { readInput, STDIN } from '../command/sources.ts'

/** A document, wherever it came from. */
export interface Source {
  /** What messages call it. */
  readonly name: string
  /** The last part of its name, without what is behind a dot: `petstore` of `specs/petstore.yaml`. */
  readonly base: string
  readonly text: string
}

/** Long for a document, short for somebody who waits. */
const FETCH_MS = 30_000

/** Of a file, a URL of http or https, or `-` for standard input. Throws CommandFailure. */
export async function readSource(name: string): Promise<Source> {
  if (name === '-') return { name: STDIN, base: '', text: await readInput(process.stdin) }
  if (/^https?:\/\//i.test(name))
    return { name, base: baseOf(new URL(name).pathname), text: textOf(await fetched(name), name) }
  return { name, base: baseOf(name), text: textOf(readFile(name), name) }
}

function baseOf(path: string): string {
  return basename(path).replace(/\..*$/, '')
}

function readFile(name: string): Uint8Array {
  try {
    return readFileSync(name)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const why =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`
    throw new CommandFailure(`${name} ${why}, expected a file with an OpenAPI document, a URL, or -`)
  }
}

async function fetched(url: string): Promise<Uint8Array> {
  const accept = 'application/vnd.oai.openapi, application/yaml, application/json;q=0.9, */*;q=0.5'
  try {
    const response = await fetch(url, { headers: { accept }, signal: AbortSignal.timeout(FETCH_MS) })
    if (!response.ok) throw new CommandFailure(`${url} answers ${response.status} ${response.statusText}`)
    const type = response.headers.get('content-type') ?? ''
    if (type.startsWith('text/html'))
      throw new CommandFailure(`${url} is a page for people (${type}), expected the OpenAPI document itself`)
    return await bounded(response, url)
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(`${url} cannot be had: ${reasonOf(error)}`, { cause: error })
  }
}

async function bounded(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const body: AsyncIterable<Uint8Array> | null = response.body
  let bytes = 0
  if (body !== null)
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > MAX_FILE_BYTES)
        throw new CommandFailure(`${url} has more than ${MAX_FILE_BYTES} bytes, expected at most that`)
      chunks.push(chunk)
    }
  return Buffer.concat(chunks)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no whole answer within ${FETCH_MS / 1000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new CommandFailure(`${name} is not UTF-8, expected text in UTF-8`)
  }
}
