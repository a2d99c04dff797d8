import { UsageError, type Command, type Flag } from '../command/flag.ts'
import { pathsOr } from '../command/values.ts'

const check: Flag<boolean> = {
  name: 'check',
  fallback: '',
  help: 'Write nothing; the exit code is 1 where a file would be written.',
  parse: text => text === 'true',
}

/** `portcullis fmt`. */
export const fmt: Command = {
  name: 'fmt',
  operands: '[PATH…|-]',
  summary: 'Format resources: two spaces, apiVersion, kind and name first; comments stay.',
  details: [
    'PATH is a file or folder; without one it is ./portcullis. With - standard input goes to standard output.',
  ],
  flags: [check],
  run: async given => {
    const paths = pathsOr(given.operands)
    const { fmt: format } = await import('./fmt.ts')
    return format({ paths, check: given.get(check) })
  },
}

/** `portcullis init`. */
export const init: Command = {
  name: 'init',
  operands: '[DIR]',
  summary: 'Make a folder to begin with: a gateway in one commented file, with completion in editors.',
  details: ['DIR is ./portcullis where it is not given, and must be empty or not there.'],
  flags: [],
  run: async given => {
    const [folder = './portcullis', ...more] = given.operands
    if (more.length > 0) throw new UsageError('init: expected one DIR')
    const { init: make } = await import('./init.ts')
    return make(folder)
  },
}

/** `portcullis schema`. */
export const schema: Command = {
  name: 'schema',
  operands: '',
  summary: 'Print the JSON Schema of everything that a file may hold, for editors and linters.',
  details: [
    'An editor uses it for each object that begins with: # yaml-language-server: $schema=PATH',
    'portcullis schema > .schema.json',
  ],
  flags: [],
  run: async () => {
    const { schemaText } = await import('./init.ts')
    process.stdout.write(schemaText())
    return 0
  },
}
