import { parse } from 'yaml'

/** `spec` of an object that is told as YAML; undefined where nothing of it is in force. */
export function specOf(yaml: string | null): unknown {
  if (yaml === null) return undefined
  return (parse(yaml) as { readonly spec?: unknown } | null)?.spec
}
