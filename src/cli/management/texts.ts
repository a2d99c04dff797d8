import type { Colour } from '../../telemetry/colour.ts'

/** To the minute, as clocks of this place have it; "" of null. */
export function timeText(time: string | null): string {
  if (time === null) return ''
  const date = new Date(time)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** `petstore` of `default/petstore`: as people name what is in the namespace where names are looked for. */
export function objectName(name: string): string {
  return name.replace(/^default\//, '')
}

const COLOURS: Readonly<Record<string, Colour>> = {
  active: 'good',
  pending: 'warning',
  upcoming: 'note',
  suspended: 'warning',
  rejected: 'error',
  revoked: 'dim',
  expired: 'dim',
  cancelled: 'dim',
  disabled: 'warning',
}

export function statusColour({ status }: { readonly status: string }): Colour | null {
  return COLOURS[status] ?? null
}
