/**
 * Where accounts and certificates are kept, and what replicas share: texts by name, and leases. A folder today; a
 * cluster's Secrets and Leases fit the same shape.
 */
export interface CertificateStore {
  /** Null where there is none. */
  read(name: DocumentName): Promise<string | null>
  /** Whole or not at all, whenever the process ends. */
  write(name: DocumentName, text: string): Promise<void>
  /** As `write`, but false where another was there first. */
  create(name: DocumentName, text: string): Promise<boolean>
  /** Names of what is in a folder, as `certificates/a.pem`; not relied upon to be complete. */
  list(folder: Folder): Promise<readonly DocumentName[]>
  /** What is not there is removed. */
  remove(name: DocumentName): Promise<void>
  /** Null where another process has it, and lives. */
  lease(name: string): Promise<Lease | null>
}

/** `accounts` have a key each, `certificates` theirs, `work` is what is under way, `challenges` what is to be shown for it. */
export type DocumentName = `${Folder}/${string}`
export type Folder = 'accounts' | 'certificates' | 'work' | 'challenges'

/** The right to do something alone. It lasts until it is released, or its holder is not heard of any more. */
export interface Lease {
  /** Aborted once somebody else may have it. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** A part of a name that any store takes: no separators, nothing hidden. Tokens begin with any of base64url (RFC 8555 §8.1). Throws for anything else. */
export function checkedName(name: string): string {
  if (!/^[-A-Za-z0-9_][-A-Za-z0-9_.]{0,199}$/.test(name))
    throw new Error(`"${name}" cannot be the name of a document`)
  return name
}
