import { stringify } from 'yaml'
import { isKind } from '../model/kind.ts'
import { ConfigMap } from '../model/kinds/config-map.ts'
import { Secret } from '../model/kinds/secret.ts'
import type { Resource } from '../model/resource.ts'
import { isSecretName, REDACTED } from '../telemetry/redact.ts'
import { veiled } from './veil.ts'

/**
 * An object as YAML, without what is secret: no value of a Secret; of a ConfigMap only certificates, for people put
 * passwords there; no header field that is set on requests, and the values of no field that has the name of a credential.
 */
export function objectYaml(resource: Resource): string {
  const { apiVersion, kind, metadata } = resource
  const { name, namespace, labels, annotations, generation, creationTimestamp } = metadata
  const shown = {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== '' && { namespace }),
      ...(labels && { labels: veiled(labels) }),
      ...(annotations && { annotations: plainAnnotations(annotations) }),
      ...(generation !== undefined && { generation }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    ...bodyOf(resource),
  }
  return stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false })
}

function bodyOf(resource: Resource): object {
  if (isKind(resource, Secret)) {
    const { type, data, stringData, immutable } = resource.body
    return {
      ...(type !== undefined && { type }),
      ...(immutable !== undefined && { immutable }),
      ...(data && { data: everyValue(data) }),
      ...(stringData && { stringData: everyValue(stringData) }),
    }
  }
  if (isKind(resource, ConfigMap)) {
    const { data, binaryData, immutable } = resource.body
    return {
      ...(immutable !== undefined && { immutable }),
      ...(data && { data: everyValue(data, isCertificates) }),
      ...(binaryData && { binaryData: everyValue(binaryData) }),
    }
  }
  return veiled(resource.body as object)
}

function everyValue(
  values: Readonly<Record<string, string>>,
  isPlain: (value: string) => boolean = () => false,
): object {
  return mapped(values, (_, value) => (isPlain(value) ? value : REDACTED))
}

/** Nothing else beside them. */
function isCertificates(value: string): boolean {
  return /^\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/.test(value)
}

/** What tools write there may be whole objects, Secrets among them (kubectl's last-applied-configuration). */
function plainAnnotations(annotations: Readonly<Record<string, string>>): object {
  return mapped(annotations, (name, value) =>
    isSecretName(name) || /[{[\n]/.test(value) ? REDACTED : veiled(value),
  )
}

function mapped(
  values: Readonly<Record<string, string>>,
  show: (name: string, value: string) => string,
): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, show(name, value)]))
}
