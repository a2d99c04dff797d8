const DAY_MS = 86_400_000

/** When something ends that is to count for so many days; null for "": never. */
export function endOf(days: string): string | null {
  return days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString()
}
