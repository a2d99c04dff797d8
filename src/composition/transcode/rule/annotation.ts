import type { DescExtension, DescMessage, FileRegistry } from '@bufbuild/protobuf'
import { compileProtos } from '../../proto/compile.ts'

let api: FileRegistry | undefined

/**
 * google/api, of our own descriptors: those of a backend have its options as bytes, whether or not they include the files
 * that declare them. Made when it is first asked for: most compositions transcode nothing.
 */
const googleApi = (): FileRegistry => (api ??= compileProtos(['google/api/annotations.proto'], () => null))

export const httpAnnotation = (): DescExtension => googleApi().getExtension('google.api.http')!
export const httpConfig = (): DescMessage => googleApi().getMessage('google.api.Http')!

/** `google.api.HttpRule` as @bufbuild/protobuf has it. */
export interface HttpRuleMessage {
  readonly selector: string
  readonly pattern:
    | { readonly case: 'get' | 'put' | 'post' | 'delete' | 'patch'; readonly value: string }
    | { readonly case: 'custom'; readonly value: { readonly kind: string; readonly path: string } }
    | { readonly case: undefined }
  readonly body: string
  readonly responseBody: string
  readonly additionalBindings: readonly HttpRuleMessage[]
}
