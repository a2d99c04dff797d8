import { basename } from 'node:path'

/** `users` of `contracts/users.v2.yaml`. */
export const baseNameOf = (file: string): string => basename(file).replace(/\..*$/, '')
