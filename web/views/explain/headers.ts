import { explainTexts } from '../../texts/explain.ts'

interface Header {
  readonly name: string
  readonly value: string
}

/** `NAME: VALUE` lines; or what is wrong with them. */
export function readHeaders(text: string): readonly Header[] | string {
  const headers: Header[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const [, name, value] = /^\s*([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) return explainTexts.wrongHeader(line.trim())
    headers.push({ name, value })
  }
  return headers
}
