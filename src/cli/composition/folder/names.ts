import { basename } from 'node:path'

/** `users` of `contracts/users.v2.yaml`; a server is called by its host. */
export const baseNameOf = (file: string): string =>
  /^\w+:\/\//.test(file) ? new URL(file).hostname : basename(file).replace(/\..*$/, '')
