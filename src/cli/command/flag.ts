/** Wrong use of the command line; the message is for the person who typed it. Ends with exit code 2. */
export class UsageError extends Error {}

/** The command cannot do what it was rightly asked to do; the message says why. Ends with exit code 1. */
export class CommandFailure extends Error {}

/**
 * One flag of a command: what it is called, where else its value may come
 * from, and how its text becomes a value. `parse` throws a UsageError that says
 * what is expected; the caller puts the flag's name before it.
 */
export interface Flag<T> {
  readonly name: string
  readonly short?: string
  /** Shown in help for the value; flags without one are switches. */
  readonly placeholder?: string
  /** Environment variable, read when the flag is not given. */
  readonly env?: string
  /** Given as text, so that help shows exactly what would be parsed. */
  readonly fallback: string
  /** The flag may be given several times; its texts reach `parse` joined by newlines. */
  readonly many?: boolean
  readonly help: string
  /** Offered by shells where the placeholder does not say them. They may begin with a minus, and so may the value. */
  readonly choices?: readonly string[]
  readonly parse: (text: string) => T
}

export interface Command {
  /** One word, or two, of which the first is its group's: `keys create`. */
  readonly name: string
  /** As in a usage line: `METHOD URL [PATH…]`. */
  readonly operands: string
  readonly summary: string
  readonly details: readonly string[]
  readonly flags: readonly Flag<unknown>[]
  /** Whole command lines, which help shows as they stand. */
  readonly examples?: readonly string[]
  /** The exit code. */
  readonly run: (given: Given) => Promise<number>
}

/** Commands about one thing, whose names begin with the same word. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly commands: readonly Command[]
}

export type CommandEntry = Command | CommandGroup

export function isGroup(entry: CommandEntry): entry is CommandGroup {
  return 'commands' in entry
}

/** The word by which a command is called within its group. */
export function wordWithin({ name }: CommandGroup, command: Command): string {
  return command.name.slice(name.length + 1)
}

/** What was typed, with the environment behind it. */
export class Given {
  readonly operands: readonly string[]
  private readonly texts: ReadonlyMap<string, string>
  private readonly env: Readonly<Record<string, string | undefined>>

  constructor(
    operands: readonly string[],
    texts: ReadonlyMap<string, string>,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.operands = operands
    this.texts = texts
    this.env = env
  }

  /** Whether somebody has said what it is, by the flag or its variable. */
  has({ name, env }: Flag<unknown>): boolean {
    return this.texts.has(name) || (env !== undefined && Boolean(this.env[env]))
  }

  /** Flag, else environment variable (when not empty), else the flag's fallback. Throws UsageError. */
  get<T>(flag: Flag<T>): T {
    const typed = this.texts.get(flag.name)
    if (typed !== undefined) return parse(flag, typed, `--${flag.name}`)
    const inherited = flag.env === undefined ? undefined : this.env[flag.env]
    if (inherited) return parse(flag, inherited, flag.env ?? '')
    return flag.parse(flag.fallback)
  }
}

function parse<T>(flag: Flag<T>, text: string, source: string): T {
  try {
    return flag.parse(text)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${source}: ${error.message}`, { cause: error })
  }
}
