import { readFileSync } from 'node:fs'

/** A command of a page, and what the page says that it prints; null where the page says nothing of it. A comment that says Ctrl-C is one, too. */
export interface Step {
  readonly command: string
  readonly output: string | null
}

export interface Page {
  readonly text: string
  /** Its YAML blocks, by the file name that each begins with as a comment, and its TypeScript beside them. */
  readonly files: Readonly<Record<string, string>>
  /** Of its `console` blocks (with output) and `sh` blocks (without), in the order of the page. */
  readonly steps: readonly Step[]
}

const tasks = new URL('../../docs/tasks/', import.meta.url)

/** Reads `docs/tasks/NAME`. */
export function pageOf(name: string): Page {
  const text = readFileSync(new URL(name, tasks), 'utf8')
  const files: Record<string, string> = {}
  const steps: Step[] = []
  for (const [, language, block = ''] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm))
    if (language === 'yaml') files[fileOf(block, name)] = block
    else if (language === 'ts') Object.assign(files, codeOf(block))
    else if (language === 'console') steps.push(...dialogue(block))
    else if (language === 'sh') steps.push(...lines(block).map(command => ({ command, output: null })))
  return { text, files, steps }
}

function fileOf(yaml: string, page: string): string {
  const [, name] = /^# ((?:portcullis\/)?[\w-]+\.yaml)$/m.exec(yaml.split('\n', 1)[0]!) ?? []
  if (name === undefined)
    throw new Error(
      `${page}: a yaml block begins with "# portcullis/NAME.yaml", or "# NAME.yaml" beside that`,
    )
  return name
}

/** Code that stands beside the YAML; others are of folders that a page does not try. */
function codeOf(block: string): Record<string, string> {
  const [, name] = /^\/\/ (portcullis\/[\w.-]+\.ts)$/m.exec(block.split('\n', 1)[0]!) ?? []
  return name === undefined ? {} : { [name]: block }
}

/** A line with `$ ` is a command, what follows is its output. */
function dialogue(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), output: part.slice(end + 1) }
    })
}

function lines(block: string): string[] {
  return block.split('\n').filter(line => line !== '' && (!line.startsWith('#') || line.includes('Ctrl-C')))
}

/** Whether a page's output is this; `…` stands for the rest of a line, and on a line of its own for any lines. */
export function isAsShown(shown: string, actual: string): boolean {
  const pattern = shown
    .split(/(?<=\n)/)
    .map(line => (line === '…\n' ? '(?:.*\n)*?' : line.split('…').map(RegExp.escape).join('.*')))
    .join('')
  return new RegExp(`^${pattern}$`).test(actual)
}
