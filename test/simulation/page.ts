import { readFileSync } from 'node:fs'

/** What a scenario shows of itself in docs/RESILIENCE.md: a picture, and a table of Markdown. */
export interface Shown {
  readonly svg: string
  readonly table: string
}

/** Of docs/RESILIENCE.md, whose tables and pictures are of these names. */
export interface Scenario {
  readonly name: string
  show(): Shown
}

const docs = new URL('../../docs/', import.meta.url)
export const page = new URL('RESILIENCE.md', docs)
export const pictureOf = (name: string): URL => new URL(`simulation/${name}.svg`, docs)

const begin = (name: string): string => `<!-- table: ${name}, by npm run simulate -->\n`
const END = '<!-- end -->'

/** The page with this table in its place. */
export function withTable(text: string, name: string, table: string): string {
  const from = text.indexOf(begin(name))
  const until = text.indexOf(END, from)
  if (from < 0 || until < 0) throw new Error(`docs/RESILIENCE.md has no place for the table ${name}`)
  return `${text.slice(0, from + begin(name).length)}\n${table}\n\n${text.slice(until)}`
}

/** What is committed. */
export function committed({ name }: Scenario): Shown {
  const text = readFileSync(page, 'utf8')
  const from = text.indexOf(begin(name)) + begin(name).length
  return {
    svg: readFileSync(pictureOf(name), 'utf8'),
    table: text.slice(from, text.indexOf(END, from)).trim(),
  }
}

/** Rows of Markdown; numbers to the right. */
export function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const ruler = head.map((_, i) => (typeof rows[0]?.[i] === 'number' ? '--:' : '---'))
  return [head, ruler, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`
