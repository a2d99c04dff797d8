import { UsageError, type Command, type Given } from '../command/flag.ts'

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isId(text: string): boolean {
  return ID.test(text)
}

/** As many operands as the command has, of which `least` are needed. Throws UsageError with an example. */
export function operandsOf(
  { operands }: Given,
  command: Command,
  least: number,
  most = least,
): readonly string[] {
  if (operands.length >= least && operands.length <= most) return operands
  const what = command.operands === '' ? 'no argument' : command.operands
  const [example] = command.examples ?? []
  throw new UsageError(
    `${command.name}: expected ${what}${example === undefined ? '' : `, such as: ${example}`}`,
  )
}

/** `ACCOUNT/NAME`, or a name or an id alone. */
export interface ApplicationName {
  readonly account: string
  readonly name: string
}

export function applicationName(text: string, account: string): ApplicationName {
  const [before, ...rest] = text.split('/')
  if (rest.length === 0) return { account, name: text }
  if (rest.length > 1 || before === '' || rest[0] === '')
    throw new UsageError(`"${text}" names no application, expected NAME, ACCOUNT/NAME or an id`)
  return { account: before!, name: rest[0]! }
}
