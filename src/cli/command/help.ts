import { isGroup, wordWithin } from './flag.ts'
import type { Command, CommandEntry, CommandGroup, Flag } from './flag.ts'

/** Lines are no longer than that, however wide the terminal is. */
const widest = 100

/** Columns that help has in a terminal; a pipe has no width. Below 60 a table of flags would be all column. */
export function helpWidth({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean
  readonly columns?: number
}): number {
  return isTTY && columns ? Math.min(widest, Math.max(60, columns)) : widest
}

const environment =
  'A flag that is not given is read from an environment variable, which the help of its command names: ' +
  'PORTCULLIS_LOG_LEVEL=debug is --log-level debug.'

const exitCodes =
  'Exit codes: 0 all is well, 1 the command says no and why, 2 wrong use, 69 no Node.js that is new ' +
  'enough, or nothing installed.'

/** `portcullis --help`: every command, and what holds for all of them. */
export function programHelp(entries: readonly CommandEntry[], width = widest): string {
  return [
    'Portcullis, an API gateway that is configured by Kubernetes Gateway API objects.',
    '',
    'Usage: portcullis COMMAND [FLAGS] [ARGUMENTS]',
    '',
    'Commands:',
    ...table(entries.map(entryRow), width),
    '',
    'Flags:',
    ...table(
      [
        ['--version', 'Print the version.'],
        ['-h, --help', 'Print this, or with a command what it does and its flags.'],
      ],
      width,
    ),
    '',
    ...wrap(environment, width),
    '',
    ...wrap(exitCodes, width),
    '',
  ].join('\n')
}

function entryRow(entry: CommandEntry): readonly [left: string, right: string] {
  if (!isGroup(entry)) return [`${entry.name} ${entry.operands}`, entry.summary]
  const words = entry.commands.map(command => wordWithin(entry, command))
  return [`${entry.name} COMMAND`, `${entry.summary} ${words.join(', ')}.`]
}

/** `portcullis COMMAND --help`, made from the command's table of flags; of a group, its commands. */
export function commandHelp(entry: CommandEntry, width = widest): string {
  return isGroup(entry) ? groupHelp(entry, width) : helpOf(entry, width)
}

function groupHelp(group: CommandGroup, width: number): string {
  const { name, summary, commands } = group
  const examples = commands.flatMap(command => (command.examples ?? []).slice(0, 1))
  return [
    `Usage: portcullis ${name} COMMAND [FLAGS] [ARGUMENTS]`,
    '',
    ...wrap(summary.replace(/:$/, '.'), width),
    '',
    'Commands:',
    ...table(
      commands.map(
        command => [`${wordWithin(group, command)} ${command.operands}`, command.summary] as const,
      ),
      width,
    ),
    ...examplesText(examples),
    '',
    `Flags of each: portcullis ${name} COMMAND --help`,
    '',
  ].join('\n')
}

function helpOf(command: Command, width: number): string {
  return [
    `Usage: portcullis ${command.name} [FLAGS] ${command.operands}`.trimEnd(),
    '',
    ...wrap(command.summary, width),
    ...command.details.flatMap(paragraph => ['', ...wrap(paragraph, width)]),
    ...examplesText(command.examples ?? []),
    '',
    'Flags:',
    ...table(
      [
        ...command.flags.map(flag => [spelling(flag), meaning(flag)] as const),
        ['    --version', 'Print the version.'],
        ['-h, --help', 'Print this.'],
      ],
      width,
    ),
    '',
  ].join('\n')
}

function examplesText(examples: readonly string[]): string[] {
  return examples.length === 0 ? [] : ['', 'Examples:', ...examples.map(line => `  ${line}`)]
}

function spelling(flag: Flag<unknown>): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  return `${short}--${flag.name}${flag.placeholder === undefined ? '' : ` ${flag.placeholder}`}`
}

function meaning(flag: Flag<unknown>): string {
  const notes = [
    flag.fallback === '' || flag.placeholder === undefined ? '' : `default ${flag.fallback}`,
    flag.many ? 'may be repeated' : '',
    flag.env ?? '',
  ].filter(note => note !== '')
  return notes.length === 0 ? flag.help : `${flag.help} [${notes.join('; ')}]`
}

/** What is wider than that on the left stands on a line of its own: one long row would squeeze all others. */
const widestLeft = 44
const narrowLeft = 28

function table(rows: readonly (readonly [left: string, right: string])[], width: number): string[] {
  const fits = (left: string): boolean => left.length <= (width < 90 ? narrowLeft : widestLeft)
  const column = Math.max(...rows.map(([left]) => (fits(left) ? left.length : 0))) + 4
  return rows.flatMap(([left, right]) => {
    const texts = wrap(right, width - column)
    const head = fits(left) ? [`  ${left}`.padEnd(column) + (texts.shift() ?? '')] : [`  ${left}`]
    return [...head, ...texts.map(line => ' '.repeat(column) + line)]
  })
}

function wrap(text: string, columns: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
