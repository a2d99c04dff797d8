import { ProtoFault, type Place } from './fault.ts'

export interface Token extends Place {
  readonly kind: 'word' | 'number' | 'string' | 'sign' | 'end'
  /** As it stands in the file, a string with its quotes. */
  readonly text: string
  readonly offset: number
  /** What the comment says that stands directly before it. */
  readonly comment: string
}

const NEXT =
  /(\s+)|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|([A-Za-z_]\w*)|((?:0[xX][\dA-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([;,.:=(){}[\]<>+-]|\/(?!\*))/uy

/** The tokens of a .proto file. Throws a ProtoFault at what is none. */
export function tokensOf(text: string, file: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let comment = ''
  let blank = false
  NEXT.lastIndex = 0
  for (let offset = 0; offset < text.length; offset = NEXT.lastIndex) {
    const place = { file, line, column: offset - lineStart + 1 }
    const found = NEXT.exec(text)
    if (found === null)
      throw new ProtoFault(
        place,
        `${JSON.stringify(text[offset])} is nothing that a .proto file may have here`,
      )
    const [all, space, remark, word, number, string] = found
    if (remark !== undefined) {
      // One after a declaration, on its line, is not of the next.
      const isBehind = tokens.at(-1)?.line === line
      if (!isBehind)
        comment = blank ? saidBy(remark) : `${comment}${comment === '' ? '' : '\n'}${saidBy(remark)}`
      blank = false
    } else if (space !== undefined) blank = /\n[^\S\n]*\n/.test(space) || blank
    else {
      const kind =
        word !== undefined
          ? 'word'
          : number !== undefined
            ? 'number'
            : string !== undefined
              ? 'string'
              : 'sign'
      tokens.push({ ...place, kind, text: all, offset, comment: blank ? '' : comment })
      comment = ''
      blank = false
    }
    for (let at = all.indexOf('\n'); at !== -1; at = all.indexOf('\n', at + 1)) {
      line++
      lineStart = offset + at + 1
    }
  }
  tokens.push({
    file,
    line,
    column: text.length - lineStart + 1,
    kind: 'end',
    text: 'the end of the file',
    offset: text.length,
    comment: '',
  })
  return tokens
}

const saidBy = (remark: string): string =>
  remark.startsWith('//')
    ? remark.slice(2).replace(/\s+$/, '')
    : remark
        .slice(2, -2)
        .split('\n')
        .map(line => line.replace(/^\s*\*?/, '').replace(/\s+$/, ''))
        .join('\n')
        .replace(/^\n+|\n+$/g, '')

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
}

/** The bytes that a string with its quotes stands for. */
export function bytesOf(quoted: string): Uint8Array {
  const parts: Buffer[] = []
  const inner = quoted.slice(1, -1)
  const pieces = /\\(?:([0-7]{1,3})|[xX]([\dA-Fa-f]{1,2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|(.))|([^\\]+)/gsu
  for (const [, octal, hex, short, long, sign, plain] of inner.matchAll(pieces)) {
    if (plain !== undefined) parts.push(Buffer.from(plain))
    else if (octal !== undefined) parts.push(Buffer.from([Number.parseInt(octal, 8) & 255]))
    else if (hex !== undefined) parts.push(Buffer.from([Number.parseInt(hex, 16)]))
    else if (sign !== undefined)
      parts.push(SIMPLE[sign] === undefined ? Buffer.from(sign) : Buffer.from([SIMPLE[sign]]))
    else parts.push(Buffer.from(String.fromCodePoint(Number.parseInt(short ?? long!, 16))))
  }
  return Buffer.concat(parts)
}

/** Bytes as a string of the text format. */
export const textOf = (bytes: Uint8Array): string =>
  `"${Array.from(bytes, byte => (byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('')}"`
