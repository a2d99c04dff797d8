/** What is asked of the gRPC backend: with tag and length 32 bytes, the message of the cases of gRPC. */
export const noteText = 'n'.repeat(30)

/** Messages of a stream. */
export const NOTES = 16

export const NOTE_TIMEOUT_MS = 2000

/** By the method that is asked for, where it is by REST. */
export const notePaths = { Say: '/v1/notes/{text}', List: '/v1/lists/{text}' } as const
