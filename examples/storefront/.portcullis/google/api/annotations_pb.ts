/** Of google/api/annotations.proto, by portcullis composition gen. Changes of it are lost with the next. */
import type { HttpRule } from './http_pb.ts'
import type { GenExtension, GenFile } from '@bufbuild/protobuf/codegenv2'
import type { MethodOptions } from '@bufbuild/protobuf/wkt'
import { file_google_api_http } from './http_pb.ts'
import { extDesc, fileDesc } from '@bufbuild/protobuf/codegenv2'
import { file_google_protobuf_descriptor } from '@bufbuild/protobuf/wkt'

export const file_google_api_annotations: GenFile = /*@__PURE__*/ fileDesc('Chxnb29nbGUvYXBpL2Fubm90YXRpb25zLnByb3RvEgpnb29nbGUuYXBpOksKBGh0dHASHi5nb29nbGUucHJvdG9idWYuTWV0aG9kT3B0aW9ucxiwyrwiIAEoCzIULmdvb2dsZS5hcGkuSHR0cFJ1bGVSBGh0dHBiBnByb3RvMw', [file_google_api_http, file_google_protobuf_descriptor])

export const http: GenExtension<MethodOptions, HttpRule> = /*@__PURE__*/ extDesc(file_google_api_annotations, 0)
