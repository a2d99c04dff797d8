import { FieldDescriptorProto_Type as Type } from '@bufbuild/protobuf/wkt'

/** As descriptors have it: text as it is, bytes with escapes of C, numbers in decimal. */
export function defaultOf(value: string, type: Type): string {
  if (!value.startsWith('"')) return numberOf(value, type)
  const text = value.slice(1, -1)
  if (type === Type.BYTES)
    return text
      .replace(/\\x([\da-f]{2})/g, (_, hex: string) => ESCAPES[hex] ?? `\\${octal(hex)}`)
      .replaceAll("'", "\\'")
  const latin = text.replace(/\\x([\da-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin, 'latin1').toString('utf8')
}

/** Those that have a letter or sign of their own (absl::CEscape). */
const ESCAPES: Readonly<Record<string, string>> = {
  '0a': '\\n',
  '0d': '\\r',
  '09': '\\t',
  '22': '\\"',
  '5c': '\\\\',
}

const octal = (hex: string): string => Number.parseInt(hex, 16).toString(8).padStart(3, '0')

function numberOf(text: string, type: Type): string {
  if (!/^-?[.\d]/.test(text)) return text
  if (type === Type.DOUBLE || type === Type.FLOAT) return String(Number(text))
  const digits = text.replace('-', '')
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits)
  return String(text.startsWith('-') ? -value : value)
}
