import { readArguments } from './command/args.ts'
import { entries } from './commands.ts'
import { CommandFailure, UsageError } from './command/flag.ts'
import { commandHelp, helpWidth, programHelp } from './command/help.ts'
import { leave } from '../shared/leave.ts'
import { version } from './version.ts'

// The entry of bin/portcullis. Exit codes: 0 done, 1 the command says no, 2 wrong use; a failure that
// nobody expected ends the process by Node's own rule, with its stack.
// `portcullis schema | head`: whoever reads has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  leave(0)
})

void main(process.argv.slice(2)).then(code => (process.exitCode = code), failed)

function failed(error: unknown): void {
  if (!(error instanceof UsageError) && !(error instanceof CommandFailure)) throw error
  process.stderr.write(`portcullis: ${error.message}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function main(argv: readonly string[]): Promise<number> {
  const asked = readArguments(entries, argv, process.env)
  switch (asked.type) {
    case 'version':
      process.stdout.write(`portcullis ${version()}\n`)
      return 0
    case 'help': {
      const width = helpWidth(process.stdout)
      process.stdout.write(asked.command ? commandHelp(asked.command, width) : programHelp(entries, width))
      return 0
    }
    case 'command':
      return asked.command.run(asked.given)
  }
}
