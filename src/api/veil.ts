import { isSecretName, isSecretParameter, REDACTED, redactText, redactUrl } from '../telemetry/redact.ts'

/**
 * A copy of plain data (a declared object, what a filter was compiled of, a match) that can be shown to whoever may
 * look: without the values of secret fields, and of header fields and query parameters whose names are those of
 * credentials. Of what is set on requests no value is shown, for it may be what a backend knows the gateway by.
 */
export function veiled<T>(value: T): T {
  // What is left out is text, and so is what stands in its place.
  return veil(value, false) as T
}

/** Whose fields are set on requests: of routes, and of what is exported by an XTelemetryPolicy. */
const SETTING = new Set(['requestHeaderModifier', 'provider'])

function veil(value: unknown, isSetOnRequests: boolean): unknown {
  if (typeof value === 'string') return value.includes('?') ? redactUrl(value) : redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: unknown) => veil(item, isSetOnRequests))
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const below = isSetOnRequests || fields['type'] === 'request-headers'
  return Object.fromEntries(
    Object.entries(fields).map(([key, item]) => [
      key,
      typeof item === 'string' && isSecret(key, fields, below)
        ? REDACTED
        : veil(item, below || SETTING.has(key)),
    ]),
  )
}

/** `{ name, value }` is how fields, parameters and matches of them are written, in resources and in snapshots. */
function isSecret(
  key: string,
  { name }: Readonly<Record<string, unknown>>,
  isSetOnRequests: boolean,
): boolean {
  if (key === 'value' && typeof name === 'string') return isSetOnRequests || isSecretParameter(name)
  return isSecretName(key)
}
