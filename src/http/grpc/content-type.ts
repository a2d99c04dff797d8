/** What a media type says that a body is: gRPC's messages, those of gRPC-Web, or these in base64; null for all else. */
export type GrpcFormat = 'grpc' | 'web' | 'web-text' | null

/**
 * Reads a Content-Type (doc/PROTOCOL-HTTP2.md, doc/PROTOCOL-WEB.md): media
 * types have no case, and after the name comes nothing, a message format
 * (`+proto`) or parameters.
 */
export function grpcFormat(contentType: string | undefined): GrpcFormat {
  if (contentType === undefined || contentType.length < 16) return null
  const name = NAME.exec(contentType)
  if (name === null) return null
  const variant = name[1]
  return variant === undefined ? 'grpc' : variant.length === 3 ? 'web' : 'web-text'
}

/** The same with another of the three names. */
export function withFormat(contentType: string, format: Exclude<GrpcFormat, null>): string {
  return contentType.replace(NAME, format === 'grpc' ? 'application/grpc' : `application/grpc-${format}`)
}

const NAME = /^application\/grpc(?:-(web|web-text))?(?=$|[+;\s])/i
