/** Compressed already, though a wildcard takes it. */
const packed =
  /^(?:image\/(?!svg\+xml$|bmp$|x-ms-bmp$|vnd\.microsoft\.icon$|x-icon$)|audio\/|video\/|font\/woff2?$|application\/(?:gzip|x-gzip|zip|zstd|x-brotli|x-bzip2?|x-xz|x-7z-compressed|x-rar-compressed|vnd\.rar|x-compress|pdf|font-woff2?|java-archive|epub\+zip|vnd\.openxmlformats-officedocument\..*|vnd\.oasis\.opendocument\..*|.*\+zip|.*\+gzip|octet-stream)$)/

/** gRPC compresses message by message and counts their bytes, and knows no content coding. */
const grpc = /^application\/grpc(?:[-+]|$)/

/** The value of Content-Type → whether it is compressed. Media types are compared without parameters and case. */
export type TakesType = (contentType: string) => boolean

const MEMO_LENGTH = 128
const MEMO_ENTRIES = 64

export function typeMatcher(types: readonly string[]): TakesType {
  const exact = new Set<string>()
  const wild: RegExp[] = []
  for (const type of types.map(one => one.toLowerCase()))
    if (type.includes('*')) wild.push(patternOf(type))
    else exact.add(type)
  const memo = new Map<string, boolean>()
  return contentType => {
    const known = memo.get(contentType)
    if (known !== undefined) return known
    const type = essence(contentType)
    const taken =
      !grpc.test(type) && (exact.has(type) || (!packed.test(type) && wild.some(one => one.test(type))))
    if (contentType.length > MEMO_LENGTH) return taken
    if (memo.size === MEMO_ENTRIES) memo.clear()
    memo.set(contentType, taken)
    return taken
  }
}

/** `text/*`, `application/*+json`, where a star stands for at least one character. */
function patternOf(type: string): RegExp {
  const escaped = type.split('*').map(part => part.replaceAll(/[.+^$]/g, '\\$&'))
  return new RegExp(`^${escaped.join('[^/ ]+')}$`)
}

/** A media type without its parameters, in lower case. */
export function essence(contentType: string): string {
  const semicolon = contentType.indexOf(';')
  return (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
}
