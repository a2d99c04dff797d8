/** What a head says of the bytes of its body (RFC 9110 §8.8.1, RFC 9530), and is said of no other. */
export const bodyFields = [
  'etag',
  'last-modified',
  'content-md5',
  'content-digest',
  'digest',
  'accept-ranges',
] as const

/** RFC 9110 §15.3.5, §15.3.6, §15.4.5, and what follows a 101. */
export const isBodiless = (status: number): boolean =>
  status === 101 || status === 204 || status === 205 || status === 304
