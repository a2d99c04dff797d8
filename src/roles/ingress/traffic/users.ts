import { Buffer } from 'node:buffer'
import { hashKind, htpasswdLines, MOST_ROUNDS, sha1Hash } from '../../../filters/basic-auth/htpasswd.ts'
import { LIKE } from '../../../filters/basic-auth/basic-auth.ts'
import type { Secret } from '../../../model/kinds/secret.ts'

/** The users of a Secret, as rows of a table: a hash of htpasswd by name. */
export interface Users {
  readonly rows: ReadonlyMap<string, string>
  /** Lines that let nobody in, in words that tell no hash. */
  readonly useless: readonly string[]
}

/** Where others keep them: ingress-nginx, Traefik, Envoy Gateway; and as Apache calls the file. */
const KEYS = ['auth', 'users', '.htpasswd', 'htpasswd']

/** Resources are immutable and stay the same object until they change: so do the rows. */
const known = new WeakMap<Secret, Users | string>()

/** Or what is wrong with the Secret; never contains any of its values. */
export function usersOf(secret: Secret): Users | string {
  const before = known.get(secret)
  if (before !== undefined) return before
  const users = read(secret)
  known.set(secret, users)
  return users
}

function read(secret: Secret): Users | string {
  const { type = 'Opaque' } = secret.body
  if (type === 'kubernetes.io/basic-auth')
    return ofOne(valueOf(secret, 'username'), valueOf(secret, 'password'))
  const key = KEYS.find(name => valueOf(secret, name) !== undefined)
  if (key === undefined) return `has no users, expected lines of htpasswd under ${KEYS.join(', ')}`
  return ofLines(key, valueOf(secret, key) ?? '')
}

function ofOne(user: string | undefined, password: string | undefined): Users | string {
  if (!user || !password) return 'has no user, expected username and password'
  if (user.includes(':')) return 'has a username with ":", which no client can send'
  const hash = sha1Hash(password)
  return {
    rows: new Map([
      [user, hash],
      [LIKE, hash],
    ]),
    useless: [],
  }
}

function ofLines(key: string, text: string): Users | string {
  const lines = htpasswdLines(text)
  const good = lines.filter(({ hash }) => hashKind(hash) !== null)
  const useless = lines
    .filter(({ hash }) => hashKind(hash) === null)
    .map(
      ({ number }) =>
        `line ${number} of ${key} lets nobody in: its hash is none that is taken, expected ${EXPECTED}`,
    )
  const [first] = good
  if (first === undefined) return useless[0] ?? `has no users: ${key} is empty`
  // The slowest there is, so that no time tells who is a user.
  const like =
    good.find(({ hash }) => hashKind(hash) === 'bcrypt') ??
    good.find(({ hash }) => hashKind(hash) === 'apr1') ??
    first
  const rows = good.map(({ user, hash }) => [user, hash] as const)
  return { rows: new Map([...rows, [LIKE, like.hash]]), useless }
}

const EXPECTED = `bcrypt of a cost up to ${MOST_ROUNDS} (htpasswd -B), apr1 (-m) or {SHA} (-s)`

function valueOf({ body: { data = {}, stringData = {} } }: Secret, key: string): string | undefined {
  if (Object.hasOwn(stringData, key)) return stringData[key]
  return Object.hasOwn(data, key) ? Buffer.from(data[key]!, 'base64').toString('utf8') : undefined
}
