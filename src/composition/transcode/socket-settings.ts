import { Problem } from '../routes/answer.ts'

/** Of `r.transcode`: which streams are WebSockets. */
export interface SocketSettings {
  /**
   * Streams of rules of POST, PUT and others are opened too, where their path has no rule of GET. Their handshake is a GET
   * all the same: what is said of a method elsewhere (a rule of a firewall, a match of a route) does not hold for them.
   */
  readonly everyMethod?: boolean
  /** Other origins whose pages may open them, such as `https://shop.example`. */
  readonly origins?: readonly string[]
}

/** As browsers write them (RFC 6454 §6.2). Throws a TypeError for what is none. */
export function compiledOrigins(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(
        `sockets.origins: ${JSON.stringify(origin)} is no origin, expected one like "https://shop.example"`,
      )
  return new Set(origins)
}

/**
 * Browsers let any page open a WebSocket, and send cookies with its handshake: a page of another host is answered 403.
 * Who is no browser sends no Origin.
 */
export function checkOrigin(
  { origin, host = '' }: Readonly<Record<string, string>>,
  origins: ReadonlySet<string>,
): void {
  if (origin === undefined || origins.has(origin) || isOfHost(origin, host)) return
  throw new Problem(403, 'Pages of this origin may not open the WebSocket')
}

/** The scheme is not compared: TLS may end before. The port of a scheme need not be written. */
function isOfHost(origin: string, host: string): boolean {
  const page = URL.parse(origin)
  return page !== null && page.host !== '' && URL.parse(`${page.protocol}//${host}`)?.host === page.host
}
