import type { Fields } from '../fields.ts'

/** The bit of a frame's first byte that says: these are trailers (doc/PROTOCOL-WEB.md). */
const TRAILERS = 0x80

/** Trailers as the last frame of a gRPC-Web body: flag, length, and lines as HTTP/1 has them, names in lower case. */
export function trailersFrame(trailers: Fields): Buffer {
  const { list } = trailers
  let text = ''
  for (let i = 0; i < list.length; i += 2) text += `${list[i]!.toLowerCase()}: ${list[i + 1]!}\r\n`
  const frame = Buffer.allocUnsafe(5 + text.length)
  frame[0] = TRAILERS
  frame.writeUInt32BE(text.length, 1)
  frame.write(text, 5, 'latin1')
  return frame
}
