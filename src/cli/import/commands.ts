import { canonicalHostname } from '../../http/hostname.ts'
import { UsageError, type Command, type CommandGroup, type Flag } from '../command/flag.ts'
import { HOST, readPrefix, readTarget, type MappedTarget } from '../proxy/mapping.ts'

const backend: Flag<MappedTarget | null> = {
  name: 'backend',
  placeholder: 'URL',
  fallback: '',
  help: "The service behind it: http://10.0.0.7:9000, :9000 on this machine, several with commas between. A path in it is where the service has the document's paths; without one that is where the document's first server has them.",
  parse: text => (text === '' ? null : readTarget(text)),
}

const name: Flag<string> = {
  name: 'name',
  placeholder: 'NAME',
  fallback: '',
  help: "What the objects are called; the document's title where absent.",
  parse: text => {
    if (text !== '' && !/^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/.test(text))
      throw new UsageError(`"${text}" is no name, expected lower-case letters, digits and "-", at most 50`)
    return text
  },
}

const path: Flag<string> = {
  name: 'path',
  placeholder: '/PREFIX',
  fallback: '',
  help: "What clients have in front of the document's paths; where absent, what the document's first server has: /v3 of https://pets.example/v3.",
  parse: text => (text === '' ? '' : readPrefix(text)),
}

const host: Flag<string> = {
  name: 'host',
  placeholder: 'HOST',
  fallback: '',
  help: 'The host name that clients use, perhaps with "*." in front; any where absent.',
  parse: text => {
    const canonical = canonicalHostname(text)
    if (text !== '' && !HOST.test(canonical))
      throw new UsageError(`"${text}" is no host name, expected one like api.shop.example`)
    return text === '' ? '' : canonical
  },
}

const gateway: Flag<string> = {
  name: 'gateway',
  placeholder: 'NAME',
  fallback: '',
  help: 'The Gateway that serves it, which you have already; where absent, that of the folder of -o, or else one is made, for HTTP on port 8080.',
  parse: text => text,
}

const folder: Flag<string> = {
  name: 'output',
  short: 'o',
  placeholder: 'DIR',
  fallback: '',
  help: 'The folder to write to; where absent, the YAML is printed.',
  parse: text => text,
}

const force: Flag<boolean> = {
  name: 'force',
  fallback: '',
  help: 'Write over files that are there.',
  parse: text => text === 'true',
}

const openapi: Command = {
  name: 'import openapi',
  operands: 'FILE|URL|-',
  summary: 'Make the YAML that publishes an API by plans, from its OpenAPI document.',
  details: [
    'The document is OpenAPI 3.0 or 3.1, YAML or JSON. Made of it are an HTTPRoute and a Backend, an API with the document in it (in a ConfigMap where it is large), a Product with two Plans to change, and a Gateway where you name none. `portcullis run` serves that: who calls the API needs a key of an application with a subscription.',
    'The same document makes the same YAML. Nothing is written over without --force.',
    'The exit code is 0, or 1 where the document has a fault, which is told with its line.',
  ],
  examples: [
    'portcullis import openapi petstore.yaml --backend :9000 -o portcullis',
    'portcullis import openapi https://pets.example/openapi.json --backend :9000 --path /pets',
    'portcullis import openapi shop.yaml --backend :9000 --gateway web --host api.shop.example',
  ],
  flags: [backend, name, path, host, gateway, folder, force],
  run: async given => {
    const [source, ...more] = given.operands
    const target = given.get(backend)
    if (source === undefined || more.length > 0)
      throw new UsageError(
        'import openapi: expected one FILE or URL, such as: portcullis import openapi petstore.yaml --backend :9000',
      )
    if (target === null)
      throw new UsageError(
        'import openapi: needs --backend, the service behind it, such as --backend http://127.0.0.1:9000',
      )
    const { importOpenapi } = await import('./openapi.ts')
    return importOpenapi({
      source,
      target,
      name: given.get(name),
      path: given.get(path),
      host: given.get(host),
      gateway: given.get(gateway),
      output: given.get(folder),
      force: given.get(force),
    })
  },
}

/** `portcullis import`. */
export const imports: CommandGroup = {
  name: 'import',
  summary: 'Make YAML of what others have:',
  commands: [openapi],
}
