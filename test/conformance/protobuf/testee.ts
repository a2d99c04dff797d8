#!/usr/bin/env node
// What protobuf's conformance suite asks by stdin and hears by stdout: messages read and written as compositions do,
// JSON by the rules of `r.transcode`, bytes by the clients of gRPC backends, with descriptors of our own compiler.
import { readSync, writeSync } from 'node:fs'
import { answerTo } from './conformance.ts'

for (;;) {
  const length = read(4)
  if (length === null) break
  const asked = read(length.readUInt32LE(0))
  if (asked === null) throw new Error('the request is cut short')
  const said = await answerTo(asked)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(said.length)
  write(Buffer.concat([head, said]))
}

/** So many bytes; null at the end. */
function read(bytes: number): Buffer | null {
  const whole = Buffer.alloc(bytes)
  for (let at = 0; at < bytes;) {
    const count = readSync(0, whole, at, bytes - at, null)
    if (count === 0) return null
    at += count
  }
  return whole
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
}
