/** Of google/api/http.proto, by portcullis composition gen. Changes of it are lost with the next. */
import type { Message } from '@bufbuild/protobuf'
import type { GenFile, GenMessage } from '@bufbuild/protobuf/codegenv2'
import { fileDesc, messageDesc } from '@bufbuild/protobuf/codegenv2'

export const file_google_api_http: GenFile = /*@__PURE__*/ fileDesc('ChVnb29nbGUvYXBpL2h0dHAucHJvdG8SCmdvb2dsZS5hcGkiVAoESHR0cBIjCgVydWxlcxgBIAMoCzIULmdvb2dsZS5hcGkuSHR0cFJ1bGUSJwofZnVsbHlfZGVjb2RlX3Jlc2VydmVkX2V4cGFuc2lvbhgCIAEoCCKBAgoISHR0cFJ1bGUSEAoIc2VsZWN0b3IYASABKAkSDQoDZ2V0GAIgASgJSAASDQoDcHV0GAMgASgJSAASDgoEcG9zdBgEIAEoCUgAEhAKBmRlbGV0ZRgFIAEoCUgAEg8KBXBhdGNoGAYgASgJSAASLwoGY3VzdG9tGAggASgLMh0uZ29vZ2xlLmFwaS5DdXN0b21IdHRwUGF0dGVybkgAEgwKBGJvZHkYByABKAkSFQoNcmVzcG9uc2VfYm9keRgMIAEoCRIxChNhZGRpdGlvbmFsX2JpbmRpbmdzGAsgAygLMhQuZ29vZ2xlLmFwaS5IdHRwUnVsZUIJCgdwYXR0ZXJuIi8KEUN1c3RvbUh0dHBQYXR0ZXJuEgwKBGtpbmQYASABKAkSDAoEcGF0aBgCIAEoCWIGcHJvdG8z')

export type Http = Message<'google.api.Http'> & {
  rules: HttpRule[]
  fullyDecodeReservedExpansion: boolean
}
export const HttpSchema: GenMessage<Http> = /*@__PURE__*/ messageDesc(file_google_api_http, 0)

export type HttpRule = Message<'google.api.HttpRule'> & {
  selector: string
  pattern:
    | { case: 'get'; value: string }
    | { case: 'put'; value: string }
    | { case: 'post'; value: string }
    | { case: 'delete'; value: string }
    | { case: 'patch'; value: string }
    | { case: 'custom'; value: CustomHttpPattern }
    | { case: undefined; value?: undefined }
  body: string
  responseBody: string
  additionalBindings: HttpRule[]
}
export const HttpRuleSchema: GenMessage<HttpRule> = /*@__PURE__*/ messageDesc(file_google_api_http, 1)

export type CustomHttpPattern = Message<'google.api.CustomHttpPattern'> & {
  kind: string
  path: string
}
export const CustomHttpPatternSchema: GenMessage<CustomHttpPattern> = /*@__PURE__*/ messageDesc(file_google_api_http, 2)
