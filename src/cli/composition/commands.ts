import { UsageError, type Command, type CommandGroup, type Flag } from '../command/flag.ts'

const file: Flag<string> = {
  name: 'output',
  short: 'o',
  placeholder: 'FILE',
  fallback: '',
  help: 'The file to write, over what is there; where absent, the types are printed.',
  parse: text => text,
}

const gen: Command = {
  name: 'composition gen',
  operands: 'FILE|URL|-',
  summary: 'Make the TypeScript types of a backend, from its OpenAPI document.',
  details: [
    'The document is OpenAPI 3.0 or 3.1, YAML or JSON. Made of it is an interface `paths`, as openapi-typescript writes it, by which `rest<paths>()` of a composition types its calls: a call that the document does not have, or whose result is used as something else, does not compile.',
    'The same document makes the same types. What a document refers to in other files is `unknown`, and told.',
    'The exit code is 0, or 1 where the document has a fault, which is told with its line.',
  ],
  examples: [
    'portcullis composition gen users.yaml -o users.d.ts',
    'portcullis composition gen https://users.example/openapi.json -o users.d.ts',
  ],
  flags: [file],
  run: async given => {
    const [source, ...more] = given.operands
    if (source === undefined || more.length > 0)
      throw new UsageError(
        'composition gen: expected one FILE or URL, such as: portcullis composition gen users.yaml',
      )
    const { generate } = await import('./gen.ts')
    return generate(source, given.get(file))
  },
}

/** `portcullis composition`. */
export const composition: CommandGroup = {
  name: 'composition',
  summary: 'For APIs that are composed in TypeScript:',
  commands: [gen],
}
