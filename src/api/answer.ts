import type { IncomingMessage, ServerResponse } from 'node:http'

export type AdminAnswer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
