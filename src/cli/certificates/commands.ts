import { UsageError, type Command, type Flag, type Given } from '../command/flag.ts'
import { data } from '../command/flags.ts'

const asTyped = (text: string): string => text

const save: Flag<string> = {
  name: 'save',
  placeholder: 'FILE',
  fallback: '',
  help: 'Write the Secret there, for its owner alone, in place of standard output.',
  parse: asTyped,
}

const namespace: Flag<string> = {
  name: 'namespace',
  short: 'n',
  placeholder: 'NAMESPACE',
  fallback: '',
  help: 'Of the Secret; without it, it is in "default".',
  parse: asTyped,
}

const days: Flag<number> = {
  name: 'days',
  placeholder: 'N',
  fallback: '365',
  help: 'How long the certificate is valid, at most 398 days: browsers take no longer ones.',
  parse: text => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < 1 || count > 398)
      throw new UsageError(`"${text}" is no number of days, expected 1 to 398`)
    return count
  },
}

const secretName: Flag<string> = {
  name: 'secret',
  placeholder: 'NAME',
  fallback: '',
  help: 'Of the Secret; made from the first name where absent: shop.localhost-tls.',
  parse: asTyped,
}

/** `portcullis cert`. */
export const cert: Command = {
  name: 'cert',
  operands: 'NAME…',
  summary: 'Make a certificate for development, as a Secret that an HTTPS listener can refer to.',
  details: [
    'NAME is a DNS name, a wildcard like *.shop.localhost, or an IP address. The certificate is issued by an authority of ' +
      'your own, made when it is first needed and kept in the folder of --data; what trusts that authority trusts it.',
    'portcullis cert shop.localhost --save portcullis/shop-tls.yaml',
  ],
  flags: [save, secretName, namespace, days, data],
  run: async given => {
    if (given.operands.length === 0) throw new UsageError('cert: needs a NAME, such as shop.localhost')
    const options = {
      names: given.operands,
      save: given.get(save),
      secret: given.get(secretName),
      namespace: given.get(namespace),
      days: given.get(days),
      dataDir: given.get(data),
    }
    const { cert: make } = await import('./cert.ts')
    return make(options)
  },
}

const certFile: Flag<string> = {
  name: 'cert',
  placeholder: 'FILE',
  fallback: '',
  help: 'With tls: PEM, the certificate of the server first, then those between it and the root.',
  parse: asTyped,
}

const keyFile: Flag<string> = {
  name: 'key',
  placeholder: 'FILE',
  fallback: '',
  help: 'With tls: its private key, PEM, without a password.',
  parse: asTyped,
}

const fromFile: Flag<readonly (readonly [key: string, file: string])[]> = {
  name: 'from-file',
  placeholder: 'KEY=FILE',
  fallback: '',
  many: true,
  help: 'With generic: a value and where it is read from.',
  parse: text => (text === '' ? [] : text.split('\n').map(keyAndFile)),
}

/** `portcullis secret`. */
export const secret: Command = {
  name: 'secret',
  operands: 'tls|generic NAME',
  summary: 'Make a Secret from files, as kubectl create secret does.',
  details: [
    'A certificate and a key that a listener would refuse are refused here, with the reason.',
    'portcullis secret tls shop-tls --cert fullchain.pem --key privkey.pem --save portcullis/shop-tls.yaml',
  ],
  flags: [certFile, keyFile, fromFile, save, namespace],
  run: async given => {
    const [type, name, ...more] = given.operands
    if (type === undefined || name === undefined || more.length > 0)
      throw new UsageError('secret: expected "tls NAME" or "generic NAME"')
    const options = { name, save: given.get(save), namespace: given.get(namespace) }
    const { tlsSecret, genericSecret } = await import('./secret.ts')
    if (type === 'tls')
      return tlsSecret({ ...options, certFile: need(given, certFile), keyFile: need(given, keyFile) })
    if (type !== 'generic') throw new UsageError(`secret: "${type}" is not known, expected tls or generic`)
    const files = given.get(fromFile)
    if (files.length === 0) throw new UsageError('secret generic: needs --from-file KEY=FILE')
    return genericSecret({ ...options, files })
  },
}

function need(given: Given, flag: Flag<string>): string {
  const value = given.get(flag)
  if (value === '') throw new UsageError(`secret tls: needs --${flag.name} ${flag.placeholder ?? ''}`)
  return value
}

function keyAndFile(text: string): readonly [string, string] {
  const [, key, file] = /^([-._a-zA-Z0-9]{1,253})=(.+)$/.exec(text) ?? []
  if (key === undefined || file === undefined)
    throw new UsageError(`"${text}" is not known, expected KEY=FILE`)
  return [key, file]
}
