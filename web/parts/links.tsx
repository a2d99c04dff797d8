import { Link } from '@tanstack/react-router'
import type { ObjectRef, Origin } from '../../src/api/shapes/declared.ts'
import { usePlatform } from '../api/me.ts'
import { place, shortCluster, shortRule } from '../format.ts'

export function RouteLink({ id }: { readonly id: string }) {
  return (
    <Link to="/routes/$" params={{ _splat: id }} title={id}>
      {shortRule(id)}
    </Link>
  )
}

export function ClusterLink({ name }: { readonly name: string }) {
  return (
    <Link to="/backends/$" params={{ _splat: name }} title={name}>
      {shortCluster(name)}
    </Link>
  )
}

/** Of an object in an address, as /v1 has them. */
export function objectParams({ group, kind, namespace, name }: ObjectRef) {
  return { group: group || 'core', kind, namespace: namespace || '-', name }
}

export function ObjectLink({ object }: { readonly object: ObjectRef }) {
  const { kind, namespace, name } = object
  const text = `${kind}/${namespace === 'default' || namespace === '' ? '' : `${namespace}/`}${name}`
  if (usePlatform() === false) return text
  return (
    <Link
      to="/objects/$group/$kind/$namespace/$name"
      params={objectParams(object)}
      title={`${kind}/${namespace}/${name}`}
    >
      {text}
    </Link>
  )
}

/** The object that put a thing there, and the line in which it did. */
export function OriginLink({ origin }: { readonly origin: Origin }) {
  const [kind = '', namespace = '', name = ''] = origin.resource.split('/')
  return (
    <span className="origin">
      <ObjectLink object={{ group: origin.group, kind, namespace, name }} />
      {origin.path === '' ? null : <code>{origin.path}</code>}
      <Place at={origin} />
    </span>
  )
}

export function Place({ at }: { readonly at: Parameters<typeof place>[0] }) {
  const text = place(at)
  return text === '' ? null : <code className="place">{text}</code>
}
