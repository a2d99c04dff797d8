import { randomBytes } from 'node:crypto'
import { websocketAccept } from '../../../http/h2/websocket.ts'

/** RFC 6455 §4.1: the key is new with each connection. */
export function handshakeOf(): {
  readonly key: string
  readonly fields: Readonly<Record<string, string>>
} {
  const key = randomBytes(16).toString('base64')
  return { key, fields: { 'sec-websocket-key': key, 'sec-websocket-version': '13' } }
}

/** Whether a 101 is the answer to this key. */
export const isAccepted = (key: string, headers: Readonly<Record<string, string>>): boolean =>
  headers['sec-websocket-accept'] === websocketAccept(key)
