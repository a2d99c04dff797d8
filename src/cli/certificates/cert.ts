import { isIP } from 'node:net'
import { canonicalHostname } from '../../http/hostname.ts'
import { UsageError } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'
import { authorityFolder, DevelopmentAuthority } from './authority.ts'
import { secretYaml } from './secret-yaml.ts'

export interface CertOptions {
  /** DNS names, wildcards (`*.shop.localhost`), IP addresses; one at least. */
  readonly names: readonly string[]
  readonly dataDir: string
  readonly days: number
  /** Of the Secret; "" is made from the first name. */
  readonly secret: string
  readonly namespace: string
  /** "" is standard output. */
  readonly save: string
}

/** `portcullis cert`: the Secret goes to standard output or a file, what to do next to standard error. */
export async function cert(options: CertOptions): Promise<number> {
  const names = options.names.map(serverName)
  const authority = await DevelopmentAuthority.open(authorityFolder(options.dataDir))
  const { certificate, key } = await authority.issue(names, options.days)
  const secret = options.secret === '' ? secretName(names[0]!) : options.secret
  const text = secretYaml(secret, options.namespace, 'kubernetes.io/tls', {
    'tls.crt': certificate,
    'tls.key': key,
  })
  if (options.save === '') process.stdout.write(text)
  else writeWhole(options.save, text, 0o600)
  process.stderr.write(told(authority, names, secret, options.save))
  return 0
}

/** A name that a TLS client may look for (RFC 6125 §6.4: the wildcard is the whole first label). */
function serverName(text: string): string {
  const name = canonicalHostname(text)
  if (isIP(name) !== 0) return name
  const labels = name.startsWith('*.') ? name.slice(2) : name
  if (
    name.length <= 253 &&
    /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/.test(labels)
  )
    return name
  throw new UsageError(
    `cert: "${text}" is no name of a server, expected one like shop.localhost, *.shop.localhost or 127.0.0.1`,
  )
}

function secretName(name: string): string {
  return `${name
    .replace(/^\*\./, 'wildcard.')
    .replaceAll(':', '-')
    .replace(/^-+|-+$/g, '')}-tls`
}

function told(
  authority: DevelopmentAuthority,
  names: readonly string[],
  secret: string,
  save: string,
): string {
  const made = `a certificate for ${names.join(', ')}${save === '' ? '' : ` is in ${save}`}, as Secret ${secret}`
  const trust = [
    `${authority.isNew ? 'a new authority' : 'the authority'} that issued it: ${authority.file}`,
    `  (SHA-256 ${authority.fingerprint})`,
    `try:      curl --cacert ${authority.file} https://${urlHost(names[0]!)}/`,
    'trust it: on Debian and Ubuntu, for all programs but browsers:',
    `            sudo cp ${authority.file} /usr/local/share/ca-certificates/portcullis.crt && sudo update-ca-certificates`,
    '          in browsers: Settings, Certificates, Authorities, Import',
  ]
  return `${[made, ...(authority.isNew ? trust : trust.slice(0, 3))].join('\n')}\n`
}

function urlHost(name: string): string {
  if (isIP(name) === 6) return `[${name}]`
  return name.replace(/^\*\./, 'www.')
}
