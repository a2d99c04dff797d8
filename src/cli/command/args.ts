import { parseArgs } from 'node:util'

import { proposal } from '../../model/nearest.ts'
import { Given, isGroup, UsageError, wordWithin } from './flag.ts'
import type { Command, CommandEntry, CommandGroup, Flag } from './flag.ts'

/** What the command line asks for. */
export type Invocation =
  | { readonly type: 'version' }
  /** Of the program when `command` is undefined. */
  | { readonly type: 'help'; readonly command: CommandEntry | undefined }
  | { readonly type: 'command'; readonly command: Command; readonly given: Given }

const standard = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } } as const

/**
 * Reads the arguments after the program's name. Throws UsageError on an unknown
 * command or flag (with the nearest known name) and on a value that is missing
 * or not wanted; the values themselves are checked by `Given.get`.
 */
export function readArguments(
  entries: readonly CommandEntry[],
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  const [first, ...rest] = argv
  if (first === undefined || asksHelp(first)) return { type: 'help', command: undefined }
  if (first === '--version') return { type: 'version' }
  if (first === 'help') return { type: 'help', command: named(entries, rest) }
  const entry = find(entries, first)
  return isGroup(entry) ? readGroup(entry, rest, env) : readCommand(entry, rest, env)
}

function readGroup(
  group: CommandGroup,
  [word, ...rest]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  if (word === '--version') return { type: 'version' }
  if (word !== undefined && asksHelp(word)) return { type: 'help', command: group }
  return readCommand(member(group, word), rest, env)
}

/** What `portcullis help WORD…` is about. */
function named(
  entries: readonly CommandEntry[],
  [first, second]: readonly string[],
): CommandEntry | undefined {
  if (first === undefined) return undefined
  const entry = find(entries, first)
  return isGroup(entry) && second !== undefined ? member(entry, second) : entry
}

function asksHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

function find(entries: readonly CommandEntry[], name: string): CommandEntry {
  const entry = entries.find(known => known.name === name)
  if (entry) return entry
  const what = name.startsWith('-') ? 'flag' : 'command'
  const names = what === 'flag' ? ['--help', '--version'] : entries.map(known => known.name)
  throw new UsageError(`unknown ${what} "${name}"${proposal(name, names)}; see portcullis --help`)
}

function member(group: CommandGroup, word: string | undefined): Command {
  const command = group.commands.find(known => wordWithin(group, known) === word)
  if (command) return command
  const words = group.commands.map(known => wordWithin(group, known))
  const what = word === undefined ? 'which command?' : `unknown command "${word}"${proposal(word, words)};`
  throw new UsageError(
    `${group.name}: ${what} expected ${words.join(', ')}; see portcullis ${group.name} --help`,
  )
}

function readCommand(
  command: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  const texts = new Map<string, string>()
  const operands: string[] = []
  // `strict` would name the problem without the nearest flag, so its tokens are judged here.
  const { tokens } = parseArgs({ args: [...argv], options: optionsOf(command), strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    if (token.name === 'help' || token.rawName === '-h') return { type: 'help', command }
    if (token.name === 'version') return { type: 'version' }
    const flag = flagOf(command, token.name, token.rawName)
    texts.set(flag.name, textOf(flag, token.value, token.inlineValue, texts.get(flag.name)))
  }
  return { type: 'command', command, given: new Given(operands, texts, env) }
}

function optionsOf(command: Command) {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple: boolean }> = {}
  // `-H` is a header in `explain`, as in curl, and case matters: `-h` stays help everywhere.
  for (const [name, option] of Object.entries(standard)) options[name] = { ...option, multiple: false }
  for (const flag of command.flags)
    options[flag.name] = {
      type: flag.placeholder === undefined ? 'boolean' : 'string',
      ...(flag.short === undefined ? {} : { short: flag.short }),
      multiple: true,
    }
  return options
}

function flagOf(command: Command, name: string, rawName: string): Flag<unknown> {
  const flag = command.flags.find(known => known.name === name)
  if (flag) return flag
  const names = [...command.flags.map(known => `--${known.name}`), '--help', '--version']
  throw new UsageError(
    `${command.name}: unknown flag "${rawName}"${proposal(rawName, names)}; see portcullis ${command.name} --help`,
  )
}

function textOf(
  flag: Flag<unknown>,
  value: string | undefined,
  inline: boolean | undefined,
  before: string | undefined,
): string {
  if (flag.placeholder === undefined) {
    if (value !== undefined) throw new UsageError(`--${flag.name} takes no value`)
    return 'true'
  }
  // `--data --admin x` is a forgotten value; `--data=--admin` is meant.
  const forgotten = value?.startsWith('-') && value !== '-' && !isChoice(flag, value)
  if (value === undefined || (inline === false && forgotten))
    throw new UsageError(`--${flag.name} needs a value: --${flag.name} ${flag.placeholder}`)
  if (before === undefined) return value
  if (!flag.many) throw new UsageError(`--${flag.name} is given twice`)
  return `${before}\n${value}`
}

/** Of a list, the first may begin with a minus. */
function isChoice({ choices = [] }: Flag<unknown>, value: string): boolean {
  return choices.includes(value.split(',', 1)[0] ?? '')
}
