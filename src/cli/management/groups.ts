import type { CommandEntry } from '../command/flag.ts'
import { accounts } from './commands/accounts.ts'
import { applications } from './commands/applications.ts'
import { audit } from './commands/audit.ts'
import { keys } from './commands/keys.ts'
import { subscriptions } from './commands/subscriptions.ts'
import { teams } from './commands/teams.ts'
import { usage } from './commands/usage.ts'
import { roles, setup, tokens, users } from './commands/users.ts'

/** Commands about what is recorded. */
export const records: readonly CommandEntry[] = [
  applications,
  keys,
  subscriptions,
  accounts,
  users,
  roles,
  tokens,
  teams,
  usage,
  audit,
  setup,
]
