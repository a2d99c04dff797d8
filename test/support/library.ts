import { readFileSync } from 'node:fs'
import { createFileRegistry, type FileRegistry } from '@bufbuild/protobuf'
import { compileProtos } from '../../src/composition/proto/compile.ts'

/** Of library.proto. */
export const library: FileRegistry = compileProtos(['library.proto'], name =>
  name === 'library.proto' ? readFileSync(new URL(name, import.meta.url), 'utf8') : null,
)

/** Of a file with these declarations in the package `example`, which has the annotations of google.api. */
export const exampleOf = (declarations: string): FileRegistry =>
  createFileRegistry(
    compileProtos(['example.proto'], name =>
      name === 'example.proto'
        ? `syntax = "proto3"; package example; import "google/api/annotations.proto"; ${declarations}`
        : null,
    ),
  )
