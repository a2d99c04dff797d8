import { stringify } from 'yaml'
import { isNamespaceName, isObjectName } from '../../model/metadata.ts'
import { UsageError } from '../command/flag.ts'

/** A Secret as `kubectl create secret` makes it, but with its values in plain text, so that a person can read them. */
export function secretYaml(
  name: string,
  namespace: string,
  type: string,
  values: Readonly<Record<string, string>>,
): string {
  if (!isObjectName(name, 'Secret'))
    throw new UsageError(`"${name}" is no name of a Secret, expected lower-case letters, digits, "-" and "."`)
  if (namespace !== '' && !isNamespaceName(namespace))
    throw new UsageError(`"${namespace}" is no namespace, expected lower-case letters, digits and "-"`)
  const metadata = namespace === '' ? { name } : { name, namespace }
  const object = { apiVersion: 'v1', kind: 'Secret', metadata, type, stringData: values }
  return stringify(object, { lineWidth: 0, blockQuote: 'literal' })
}
