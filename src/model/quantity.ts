/** GEP-2257: at most four parts, each of at most five digits. */
const durationShape = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/
const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Milliseconds of a Gateway API duration (GEP-2257: `1h`, `1m30s`, `500ms`), or undefined where it is none. */
export function durationMs(text: string): number | undefined {
  if (!durationShape.test(text)) return undefined
  let ms = 0
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|[hms])/g))
    ms += Number(digits) * (unitsMs[unit ?? ''] ?? 0)
  return ms
}

/** The shortest GEP-2257 text of that many milliseconds (up to 99999h). */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms)
  let text = ''
  for (const [unit, size] of Object.entries(unitsMs)) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text || '0s'
}

const quantityShape = /^([0-9]{1,16})(\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/
const factors: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
}

/**
 * Bytes of a Kubernetes quantity: a whole number, or text of digits with an optional fraction and one of
 * Ki Mi Gi Ti Pi k M G T P. Undefined where it is none, is no whole number of bytes, or is more than 2^53−1.
 * Exponents and milli-units, which Kubernetes also knows, say nothing about bytes and are refused.
 */
export function quantityBytes(value: number | string): number | undefined {
  const bytes = typeof value === 'number' ? value : textBytes(value)
  return bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined
}

function textBytes(text: string): number | undefined {
  const [, whole, fraction = '', suffix] = quantityShape.exec(text) ?? []
  if (whole === undefined) return undefined
  const factor = suffix === undefined ? 1 : (factors[suffix] ?? 1)
  return Number(whole) * factor + (fraction === '' ? 0 : Number(`0${fraction}`) * factor)
}

/** A quantity as people write it: 240, "16Ki". */
export function formatBytes(bytes: number): number | string {
  const unit = ['Pi', 'Ti', 'Gi', 'Mi', 'Ki'].find(name => bytes > 0 && bytes % factors[name]! === 0)
  return unit === undefined ? bytes : `${bytes / factors[unit]!}${unit}`
}
