import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What is looked at of a Pod. */
export interface Pod {
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly containers: readonly [Container, ...Container[]]
    readonly volumes?: readonly Volume[]
  }
}

interface Container {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly env?: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } }
  }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName: string; readonly items?: readonly Item[] }
  readonly configMap?: { readonly name: string; readonly items?: readonly Item[] }
}

interface Item {
  readonly key: string
  readonly path: string
}

/** A Secret or ConfigMap; null while it is not there. */
export type ReadObject = (
  path: string,
) => Promise<{ readonly data?: Readonly<Record<string, string>> } | null>

/** The files of each volume, in a folder of its own; null while what they are made of is not there. */
export async function foldersOf(
  { metadata, spec }: Pod,
  folder: string,
  read: ReadObject,
): Promise<ReadonlyMap<string, string> | null> {
  const folders = new Map<string, string>()
  for (const { name, secret, configMap } of spec.volumes ?? []) {
    const within = `/api/v1/namespaces/${metadata.namespace}`
    const path = secret
      ? `${within}/secrets/${secret.secretName}`
      : configMap && `${within}/configmaps/${configMap.name}`
    if (path === undefined) continue
    const object = await read(path)
    if (object === null) return null
    const at = join(folder, metadata.uid, name)
    mkdirSync(at, { recursive: true })
    const data = object.data ?? {}
    const items = (secret ?? configMap)?.items ?? Object.keys(data).map(key => ({ key, path: key }))
    for (const { key, path: file } of items)
      writeFileSync(join(at, file), Buffer.from(data[key] ?? '', secret ? 'base64' : 'utf8'), { mode: 0o600 })
    folders.set(name, at)
  }
  return folders
}

/** Arguments and environment of the first container, in which paths into volumes are those of their folders. */
export function commandOf(
  { metadata, spec }: Pod,
  folders: ReadonlyMap<string, string>,
): { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const [{ args = [], env = [], volumeMounts = [] }] = spec.containers
  const placed = (text: string): string => {
    const mount = volumeMounts.find(({ name, mountPath }) => folders.has(name) && text.startsWith(mountPath))
    return mount === undefined ? text : folders.get(mount.name)! + text.slice(mount.mountPath.length)
  }
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
  }
  const values = env.map(({ name, value = '', valueFrom }): [string, string] => [
    name,
    fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? placed(value),
  ])
  return { args: args.map(placed), env: Object.fromEntries(values) }
}
