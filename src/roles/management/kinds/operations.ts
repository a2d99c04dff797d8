import { pattern, set } from '../../../model/kinds/shapes.ts'

/** The id of an operation of an OpenAPI document: its operationId, or `GET /pets/{id}`. */
export const operationId = pattern(
  '^[!-~](?:[ -~]*[!-~])?$',
  'an operationId, or a method and a path like "GET /pets/{id}"',
  256,
)

export const operationIds = set(operationId, 256)
