/** What a backend says that a request has cost (sf-integer or sf-decimal, RFC 9651), rounded up; null where that says nothing of use. */
export function costOf(text: string): number | null {
  if (!/^\d{1,15}(\.\d{1,3})?$/.test(text)) return null
  return Math.ceil(Number(text))
}
