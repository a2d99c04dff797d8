import { readText } from '../../model/yaml.ts'
import { writeWhole } from '../command/write.ts'
import { readDocument } from '../import/document.ts'
import { mapOf } from '../import/faults.ts'
import { readSource } from '../import/source.ts'
import { tell } from '../import/tell.ts'
import { contractOf } from './contract.ts'

/** `portcullis composition gen`: 0, or 1 where the document is none. `output` is a file, "" for standard output. */
export async function generate(name: string, output: string): Promise<number> {
  const source = await readSource(name)
  const { document, problems } = readDocument(source.text, source.name)
  tell(problems)
  if (document === null) return 1
  // Judged above: what is left is an object.
  const root = mapOf(readText(source.text, source.name).declarations[0]?.value) ?? {}
  const text = contractOf(root, source.name)
  if (output === '') process.stdout.write(text)
  else writeWhole(output, text, 0o666)
  return 0
}
