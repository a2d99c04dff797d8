import { readFileSync, statSync } from 'node:fs'
import { parseKeyPair } from '../../translation/pem.ts'
import { CommandFailure } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'
import { secretYaml } from './secret-yaml.ts'

/** Of a Secret: the API server takes no more (core v1, MaxSecretSize). */
const MOST_BYTES = 1_048_576

interface SecretOptions {
  readonly name: string
  readonly namespace: string
  /** "" is standard output. */
  readonly save: string
}

export interface TlsSecretOptions extends SecretOptions {
  /** PEM, the server's certificate first. */
  readonly certFile: string
  readonly keyFile: string
}

export interface GenericSecretOptions extends SecretOptions {
  readonly files: readonly (readonly [key: string, file: string])[]
}

/** `portcullis secret tls`: refuses what a listener would refuse. */
export function tlsSecret({ certFile, keyFile, ...options }: TlsSecretOptions): number {
  const [certificate, key] = [textOf(certFile), textOf(keyFile)]
  const pair = parseKeyPair(certificate, key)
  if ('wrong' in pair)
    throw new CommandFailure(`${pair.wrong.replaceAll('tls.crt', certFile).replaceAll('tls.key', keyFile)}`)
  const untilMs = Math.max(...pair.validity.map(one => one.untilMs))
  if (untilMs < Date.now())
    throw new CommandFailure(`the certificate in ${certFile} expired on ${new Date(untilMs).toISOString()}`)
  return put(options, 'kubernetes.io/tls', { 'tls.crt': certificate, 'tls.key': key })
}

/** `portcullis secret generic`: for authorities, passwords, and whatever else a policy refers to. */
export function genericSecret({ files, ...options }: GenericSecretOptions): number {
  return put(options, 'Opaque', Object.fromEntries(files.map(([key, file]) => [key, textOf(file)])))
}

function put(options: SecretOptions, type: string, values: Readonly<Record<string, string>>): number {
  const text = secretYaml(options.name, options.namespace, type, values)
  if (options.save === '') process.stdout.write(text)
  else writeWhole(options.save, text, 0o600)
  return 0
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Error(`has more than ${MOST_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const reason =
      error instanceof TypeError ? 'is no text' : error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`${file}: ${reason}`)
  }
}
