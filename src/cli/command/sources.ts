import { FileSource, MAX_FILE_BYTES } from '../../control/files/file-source.ts'
import type { Kinds } from '../../model/kinds.ts'
import { CommandFailure } from './flag.ts'

/** What messages call standard input. */
export const STDIN = '<stdin>'

/** The files and folders of a command that reads once; `-` among them is standard input. */
export async function sourceOf(paths: readonly string[], kinds: Kinds): Promise<FileSource> {
  if (!paths.includes('-')) return new FileSource(paths, kinds)
  const text = await readInput(process.stdin)
  return new FileSource(
    paths.filter(path => path !== '-'),
    kinds,
    { texts: [{ name: STDIN, text }] },
  )
}

/** All of it, as text in UTF-8. Throws CommandFailure. */
export async function readInput(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > MAX_FILE_BYTES)
      throw new CommandFailure(`standard input has more than ${MAX_FILE_BYTES} bytes, expected at most that`)
    chunks.push(buffer)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new CommandFailure('standard input is not UTF-8, expected text in UTF-8')
  }
}
